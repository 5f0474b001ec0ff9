"""The registry's pages: projects, groups, the roll, imports, units, people, the search, agencies and their grants, the auditor's lists."""
