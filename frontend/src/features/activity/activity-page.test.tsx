import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { findDialog } from "@/testing/dialog";
import { open } from "@/testing/render";

import { ActivityPage } from "./activity-page";

test("shows its shape while it waits", async () => {
  open("/projects/slow/activity", <ActivityPage />);
  expect(await screen.findByRole("status", { name: "Loading" })).toBeInTheDocument();
});

test("without calls, says where the first comes from", async () => {
  open("/projects/empty/activity", <ActivityPage />);
  expect(await screen.findByRole("heading", { name: "No calls yet" })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Make a key" })).toHaveAttribute("href", "/projects/empty/keys?new=1");
});

test("says what failed, and tries again", async () => {
  const hands = open("/projects/broken/activity", <ActivityPage />);
  await screen.findByRole("alert");
  await hands.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("table")).toBeInTheDocument();
});

test("keeps the calls that there are when more of them cannot be had", async () => {
  const hands = open("/projects/short/activity", <ActivityPage />);
  await hands.click(await screen.findByRole("button", { name: "Show more" }));
  expect(await screen.findByRole("alert")).toBeInTheDocument();
  expect(within(screen.getByRole("table")).getAllByRole("row")).toHaveLength(4);
});

test("asks the daemon for one outcome, and keeps it in the address", async () => {
  const hands = open("/projects/demo/activity", <ActivityPage />);
  const table = await screen.findByRole("table");
  expect(within(table).getAllByRole("row")).toHaveLength(4);
  await hands.selectOptions(screen.getByRole("combobox", { name: "Outcome" }), "failed");
  await expect.poll(() => within(screen.getByRole("table")).getAllByRole("row").length).toBe(2);
  expect(location.search).toContain("outcome=failed");
});

test("asks the daemon for one reason, and keeps it in the address", async () => {
  const hands = open("/projects/recorded/activity", <ActivityPage />);
  await screen.findByRole("table");
  await hands.selectOptions(screen.getByRole("combobox", { name: "Reason of refusal" }), "Denied by a rule");
  await expect.poll(() => within(screen.getByRole("table")).getAllByRole("row").length).toBe(3);
  expect(location.search).toBe("?reason=rule");
});

test("offers the reasons that go with the outcome", async () => {
  const hands = open("/projects/recorded/activity?reason=rule", <ActivityPage />);
  await screen.findByRole("table");
  const reason = screen.getByRole("combobox", { name: "Reason of refusal" });
  const offered = () => within(reason).getAllByRole("option").map(({ textContent }) => textContent);
  expect(offered()).toContain("Denied by a rule");
  expect(offered()).toContain("Calls per day");
  const outcome = screen.getByRole("combobox", { name: "Outcome" });
  await hands.selectOptions(outcome, "refused");
  expect(offered()).not.toContain("Calls per day");
  expect(location.search).toBe("?reason=rule&outcome=refused");
  await hands.selectOptions(outcome, "limited");
  expect(offered()).not.toContain("Denied by a rule");
  expect(location.search).toBe("?outcome=limited");
  await hands.selectOptions(outcome, "timeout");
  expect(reason).toBeDisabled();
});

test("shows what was kept of the arguments, where something was", async () => {
  const hands = open("/projects/demo/activity", <ActivityPage />);
  await screen.findByRole("table");
  await hands.click(screen.getByRole("button", { name: "Details of write_file" }));
  expect(await screen.findByText("Its arguments are not on record.")).toBeInTheDocument();
  await findDialog();
  await hands.keyboard("{Escape}");
  await hands.click(screen.getByRole("button", { name: "Details of read_file" }));
  expect(await screen.findByRole("region", { name: "Arguments" })).toHaveTextContent('"path": "/etc/hosts"');
  await findDialog();
  await hands.keyboard("{Escape}");
  await hands.click(screen.getByRole("button", { name: "Details of search" }));
  expect(await screen.findByRole("textbox", { name: "Digest" })).toHaveTextContent("c0ffee");
});

test("says why a call was refused: by a rule, by the key, or because there is nothing of the name", async () => {
  const hands = open("/projects/refused/activity", <ActivityPage />);
  await screen.findByRole("table");
  const why = async (name: string) => {
    const text = (await whyOf(hands, name)).alert?.textContent;
    await hands.keyboard("{Escape}");
    return text;
  };
  expect(await why("files__delete_file")).toContain("rule 2, “Nobody deletes”");
  expect(await why("files__read_file")).toContain("The API key was made for other servers.");
  expect(await why("files__fly")).toContain("“files” offers nothing of the name “fly”");
  expect(await why("mail__send")).toContain("the name begins with no server's alias");
});

async function whyOf(hands: ReturnType<typeof open>, name: string) {
  await hands.click(screen.getByRole("button", { name: `Details of ${name}` }));
  const dialog = await findDialog();
  const said = await within(dialog).findByText("Why it was refused");
  return { dialog, alert: said.parentElement };
}

test("says why a call was refused by the record, whatever the rules are by now", async () => {
  const hands = open("/projects/recorded/activity", <ActivityPage />);
  await screen.findByRole("table");
  for (const [name, text] of [
    ["files__delete_file", "A rule denied it. The rule is “Nobody deletes”."],
    ["files__wipe", "A rule denied it. The rule is not there any more."],
    ["files__fly", "“files” offered nothing of this name."],
    ["mail__send", "there is none that the name could be of"],
    ["move_file", "nobody gave it in time. The rule is “Nobody deletes”."],
    ["read_file", "Too many calls that day."],
    ["list_files", "of_another_version"],
  ] as const) {
    const { dialog, alert } = await whyOf(hands, name);
    await expect.poll(() => alert?.textContent, { message: name }).toContain(text);
    expect(within(dialog).queryByText("Waited for an approval") !== null).toBe(name === "move_file");
    await hands.keyboard("{Escape}");
  }
});

test("who may not inspect reads what the rules of today say, as the record hides it", async () => {
  const hands = open("/projects/joined/activity", <ActivityPage />);
  await screen.findByRole("table");
  const { dialog, alert } = await whyOf(hands, "files__delete_file");
  await expect.poll(() => alert?.textContent).toContain("By the rules of today");
  expect(within(dialog).queryByRole("link", { name: "Go to the rules" })).not.toBeInTheDocument();
});

test("a viewer is told that calls are not theirs to see", async () => {
  open("/projects/viewed/activity", <ActivityPage />);
  expect(await screen.findByRole("heading", { name: "Not for your role" })).toBeInTheDocument();
});
