/** All texts, one file for each part of the dashboard. */
import activity from "./activity.json";
import admin from "./admin.json";
import common from "./common.json";
import errors from "./errors.json";
import login from "./login.json";
import logs from "./logs.json";
import members from "./members.json";
import palette from "./palette.json";
import playground from "./playground.json";
import profile from "./profile.json";
import projectSettings from "./project-settings.json";
import serverState from "./server-state.json";
import shell from "./shell.json";
import tools from "./tools.json";

export default {
  activity,
  admin,
  common,
  errors,
  login,
  logs,
  members,
  palette,
  playground,
  profile,
  projectSettings,
  serverState,
  shell,
  tools,
};
