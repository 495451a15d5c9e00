/** All texts, one file for each part of the dashboard. */
import common from "./common.json";
import errors from "./errors.json";
import login from "./login.json";
import serverState from "./server-state.json";
import shell from "./shell.json";

export default { common, errors, login, serverState, shell };
