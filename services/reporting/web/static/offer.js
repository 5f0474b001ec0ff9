/* A person whose session has run out, but may be renewed, sees the wall without a click. */
import { renew } from "/static/shell/session.js";

if (await renew()) location.reload();
