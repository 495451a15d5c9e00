/** All texts, one file for each part of the dashboard. */
import activity from "./activity.json";
import addServer from "./add-server.json";
import admin from "./admin.json";
import allowance from "./allowance.json";
import approvals from "./approvals.json";
import audit from "./audit.json";
import common from "./common.json";
import connection from "./connection.json";
import errors from "./errors.json";
import filterBar from "./filter-bar.json";
import importing from "./import.json";
import invitation from "./invitation.json";
import invitations from "./invitations.json";
import keys from "./keys.json";
import limits from "./limits.json";
import login from "./login.json";
import logs from "./logs.json";
import members from "./members.json";
import overview from "./overview.json";
import ownValues from "./own-values.json";
import palette from "./palette.json";
import playground from "./playground.json";
import profile from "./profile.json";
import projectSettings from "./project-settings.json";
import projects from "./projects.json";
import recordedArguments from "./recorded-arguments.json";
import rules from "./rules.json";
import serverForm from "./server-form.json";
import serverLimits from "./server-limits.json";
import serverOverview from "./server-overview.json";
import serverPersonal from "./server-personal.json";
import serverProtocol from "./server-protocol.json";
import serverRun from "./server-run.json";
import serverSandbox from "./server-sandbox.json";
import serverSettings from "./server-settings.json";
import serverState from "./server-state.json";
import servers from "./servers.json";
import sessions from "./sessions.json";
import shell from "./shell.json";
import stars from "./stars.json";
import system from "./system.json";
import teams from "./teams.json";
import toolTimeouts from "./tool-timeouts.json";
import tools from "./tools.json";
import usage from "./usage.json";
import usageChart from "./usage-chart.json";

export default {
  activity,
  addServer,
  admin,
  allowance,
  approvals,
  audit,
  common,
  connection,
  errors,
  filterBar,
  import: importing,
  invitation,
  invitations,
  keys,
  limits,
  login,
  logs,
  members,
  overview,
  ownValues,
  palette,
  playground,
  profile,
  projects,
  projectSettings,
  recordedArguments,
  rules,
  serverForm,
  serverLimits,
  serverOverview,
  serverPersonal,
  serverProtocol,
  serverRun,
  servers,
  serverSandbox,
  serverSettings,
  serverState,
  sessions,
  shell,
  stars,
  system,
  teams,
  tools,
  toolTimeouts,
  usage,
  usageChart,
};
