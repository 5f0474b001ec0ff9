-- A read model is replaced by a rebuild, and its tables are the service's to write. The figures of a closed day are signing's: they come once.
revoke update on closed_days from reporting_app;
