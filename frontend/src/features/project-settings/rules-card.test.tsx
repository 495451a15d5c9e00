import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked, backend, http } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { problem } from "@/testing/factories";
import { open } from "@/testing/render";

import { RulesCard } from "./rules-card";

test("a rule that nobody has narrowed is made by who says that it is meant", async () => {
  const hands = open("/projects/demo/settings", <RulesCard reason={undefined} />);
  await hands.click(await screen.findByRole("button", { name: "Add rule" }));
  const dialog = await findDialog();
  const done = within(dialog).getByRole("button", { name: "Done" });
  expect(done).toBeDisabled();
  expect(within(dialog).getByText("As it stands, this hides everything from everybody")).toBeInTheDocument();
  await hands.selectOptions(within(dialog).getByRole("combobox", { name: "What" }), "Tools");
  expect(done).toBeEnabled();
  await hands.selectOptions(within(dialog).getByRole("combobox", { name: "What" }), "Everything");
  expect(done).toBeDisabled();
  await hands.click(within(dialog).getByRole("checkbox", { name: "That is what I want" }));
  await hands.click(done);
  expect(await screen.findByText("Everybody → Everything")).toBeInTheDocument();
});

test("who may not see the rules is told so, and does not ask for them", async () => {
  open("/projects/joined/settings", <RulesCard reason="not you" />);
  expect(await screen.findByRole("heading", { name: "Not for your role" })).toBeInTheDocument();
  expect(screen.queryByText("Nobody deletes")).not.toBeInTheDocument();
});

/** Between opening and saving, somebody else has saved other rules. */
function othersWereQuicker() {
  const rule = (id: string, name: string) => ({ id, name, enabled: true, subject: { type: "anybody" }, object: { server: null, kind: "tool", name: "*", annotations: {} }, effect: "deny", approval: null }) as const;
  let policy = { rules: [rule("1", "First"), rule("2", "Second")], switched_off: [], version: 1 };
  backend.use(
    http.get("/api/v1/projects/{project}/policy", ({ response }) => response(200).json(policy)),
    http.put("/api/v1/projects/{project}/policy", async ({ request, response }) => {
      if (policy.version === 1) policy = { ...policy, rules: [rule("3", "Theirs")], version: 2 };
      if (request.headers.get("if-match") !== `"${String(policy.version)}"`) return response(412).json(problem({ code: "stale", status: 412 }));
      const { rules } = await request.json();
      asked.push({ what: "rules", body: rules.map(({ name }) => name) });
      return response(200).json({ ...policy, rules: [rule("1", "First")], version: 3 });
    }),
  );
}

async function deleteSecond() {
  const hands = open("/projects/demo/settings", <RulesCard reason={undefined} />);
  await hands.click(await screen.findByRole("button", { name: "Delete Second" }));
  await hands.click(screen.getByRole("button", { name: "Save changes" }));
  expect(await screen.findByText("Somebody else has changed this in the meantime")).toBeInTheDocument();
  expect(screen.getByText("First")).toBeInTheDocument();
  expect(screen.queryByText("Theirs")).not.toBeInTheDocument();
  return hands;
}

test("rules that are being edited stay when somebody else saves others, and theirs can be taken", async () => {
  othersWereQuicker();
  const hands = await deleteSecond();
  await hands.click(screen.getByRole("button", { name: "Take theirs" }));
  expect(await screen.findByText("Theirs")).toBeInTheDocument();
  expect(screen.queryByText("First")).not.toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Save changes" })).toBeDisabled();
  expect(asked).toEqual([]);
});

test("rules that are being edited can be saved over those of somebody else", async () => {
  othersWereQuicker();
  const hands = await deleteSecond();
  await hands.click(screen.getByRole("button", { name: "Keep mine" }));
  await hands.click(screen.getByRole("button", { name: "Save changes" }));
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  expect(asked).toEqual([{ what: "rules", body: ["First"] }]);
  await waitFor(() => {
    expect(screen.getByRole("button", { name: "Save changes" })).toBeDisabled();
  });
});

test("while rules are saved, nothing is added to them", async () => {
  let answer: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  backend.use(
    http.put("/api/v1/projects/{project}/policy", async ({ response }) => {
      await held;
      return response(200).json({ rules: [], switched_off: [], version: 2 });
    }),
  );
  const hands = open("/projects/demo/settings", <RulesCard reason={undefined} />);
  await hands.click(await screen.findByRole("button", { name: /^Delete / }));
  expect(screen.getByRole("button", { name: "Add rule" })).toBeEnabled();
  await hands.click(screen.getByRole("button", { name: "Save changes" }));
  expect(screen.getByRole("button", { name: "Add rule" })).toBeDisabled();
  answer();
  await waitFor(() => {
    expect(screen.getByRole("button", { name: "Add rule" })).toBeEnabled();
  });
});
