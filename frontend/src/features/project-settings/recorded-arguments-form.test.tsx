import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked } from "@/testing/backend";
import { project } from "@/testing/factories";
import { open } from "@/testing/render";

import { RecordedArgumentsForm } from "./recorded-arguments-form";

test("says who sees what is kept, and saves names one a line", async () => {
  const hands = open("/projects/demo/settings", <RecordedArgumentsForm project={project()} reason={undefined} />);
  const save = screen.getByRole("button", { name: "Save changes" });
  expect(save).toBeDisabled();
  expect(screen.queryByRole("textbox")).not.toBeInTheDocument();
  await hands.click(screen.getByRole("radio", { name: /redacted/ }));
  expect(screen.getByText(/to members for their own/)).toBeInTheDocument();
  await hands.type(screen.getByRole("textbox"), "*iban*{Enter}ssn");
  await hands.click(save);
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  expect(asked).toEqual([{ what: "project", body: { recorded_arguments: { mode: "redacted", hidden: ["*iban*", "ssn"] } } }]);
});

test("shows what the daemon says beside the names", async () => {
  const recorded = project({ recorded_arguments: { mode: "redacted", hidden: ["ssn"] } });
  const hands = open("/projects/demo/settings", <RecordedArgumentsForm project={recorded} reason={undefined} />);
  const names = screen.getByRole("textbox");
  expect(names).toHaveValue("ssn");
  await hands.type(names, "{Enter}refused");
  await hands.click(screen.getByRole("button", { name: "Save changes" }));
  expect(await screen.findByText("It is no pattern: use a name")).toBeInTheDocument();
  expect(names).toBeInvalid();
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
});

test("who may not change it reads it, and why", async () => {
  const hands = open("/projects/demo/settings", <RecordedArgumentsForm project={project()} reason="Needs the role admin" />);
  for (const choice of screen.getAllByRole("radio")) expect(choice).toBeDisabled();
  const save = screen.getByRole("button", { name: "Save changes" });
  await hands.click(save);
  await hands.hover(save);
  expect(await screen.findByRole("tooltip")).toHaveTextContent("Needs the role admin");
  expect(asked).toEqual([]);
});
