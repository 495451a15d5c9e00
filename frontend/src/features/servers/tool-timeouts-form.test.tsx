import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked } from "@/testing/backend";
import { Changed } from "@/testing/changed";
import { server } from "@/testing/factories";
import { open } from "@/testing/render";

import { ToolTimeoutsForm } from "./tool-timeouts-form";

const button = (text: string) => screen.getByRole("button", { name: text });

test("rows that somebody else has added go when mine are kept", async () => {
  const of = (tools: Record<string, number>, version: number) => server({ version, run: { ...server().run, tool_timeouts: tools } });
  const hands = open(
    "/projects/demo/servers/files/settings",
    <Changed from={of({ slow: 60 }, 1)} to={of({ slow: 60, theirs: 90 }, 2)}>
      {(seen) => <ToolTimeoutsForm project={{ project: "demo", server: "files" }} server={seen} reason={undefined} />}
    </Changed>,
  );
  await hands.click(button("Add tool"));
  await hands.type(screen.getByRole("combobox", { name: "Tool 2" }), "mine");
  await hands.type(screen.getByRole("textbox", { name: "Seconds 2" }), "30");
  await hands.click(button("Somebody else saves"));
  await hands.click(button("Keep mine"));
  await hands.click(button("Save changes"));
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  expect(asked.at(-1)).toEqual({ what: "server", body: { run: { tool_timeouts: { slow: 60, theirs: null, mine: 30 } } } });
});
