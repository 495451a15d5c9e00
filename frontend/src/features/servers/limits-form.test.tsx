import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked } from "@/testing/backend";
import { server } from "@/testing/factories";
import { open } from "@/testing/render";

import { LimitsForm } from "./limits-form";

const REF = { project: "demo", server: "files" };

const fields = () => screen.getAllByRole("textbox").map((field) => (field as HTMLInputElement).labels?.[0]?.textContent);

test("a server with a process of its own has all limits", () => {
  open("/projects/demo/servers/files/settings", <LimitsForm project={REF} server={server()} reason={undefined} />);
  expect(fields()).toHaveLength(6);
});

test("a server elsewhere has those of what it says, and no others are sent", async () => {
  const remote = server({ transport: { type: "streamable-http", url: "https://mcp.example.com/mcp", headers: [] } });
  const hands = open("/projects/demo/servers/files/settings", <LimitsForm project={REF} server={remote} reason={undefined} />);
  expect(fields()).toHaveLength(2);
  await hands.type(screen.getByRole("textbox", { name: /^Message length/ }), "64");
  await hands.click(screen.getByRole("button", { name: "Save changes" }));
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  expect(asked.at(-1)).toEqual({ what: "server", body: { limits: { line_kib: 64, log_kib: null } } });
});
