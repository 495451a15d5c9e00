"use client";

import type { Server } from "@/lib/data/servers";
import type { ServerRef } from "@/lib/paths";

import { LimitsForm } from "./limits-form";
import { PersonalForm } from "./personal-form";
import { ProtocolForm } from "./protocol-form";
import { RunForm } from "./run-form";
import { SandboxForm } from "./sandbox-form";
import { ToolTimeoutsForm } from "./tool-timeouts-form";

/** How a server is run and spoken to: what stands below its configuration, and is fetched after it. */
export function RunningForms(props: { project: ServerRef; server: Server; reason: string | undefined }) {
  return (
    <>
      <RunForm {...props} />
      <ToolTimeoutsForm {...props} />
      <PersonalForm {...props} />
      <ProtocolForm {...props} />
      <LimitsForm {...props} />
      {props.server.transport.type === "stdio" && <SandboxForm {...props} />}
    </>
  );
}
