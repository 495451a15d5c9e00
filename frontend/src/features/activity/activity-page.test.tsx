import { cleanup, screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked, backend, http } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { call, key, pageOf } from "@/testing/factories";
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

test("a link to a span of time is kept to, until another day is chosen", async () => {
  const since: (string | null)[] = [];
  backend.use(
    http.get("/api/v1/projects/{project}/activity", ({ query, response }) => {
      since.push(query.get("from"));
      return response(200).json(pageOf([call()]));
    }),
  );
  const hands = open("/projects/demo/activity?outcome=failed&since=2026-01-30T12%3A00%3A00Z", <ActivityPage />);
  await screen.findByRole("table");
  expect(since).toEqual(["2026-01-30T12:00:00Z"]);
  expect(screen.getByText("Since Jan 30, 2026, 12:00 PM")).toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Clear filters" }));
  await expect.poll(() => since.at(-1)).toBeNull();
  expect(location.search).toBe("");
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

test("asks the daemon for the calls of some days, of somebody, with one key and at one server", async () => {
  const hands = open("/projects/demo/activity?view=calls", <ActivityPage />);
  await screen.findByRole("table");
  const choose = async (label: string, name: string) => {
    const option = await screen.findByRole<HTMLOptionElement>("option", { name });
    await hands.selectOptions(screen.getByRole("combobox", { name: label }), option);
    return option.value;
  };
  const user = await choose("By whom", "Me");
  const key = await choose("API key", "of a viewer");
  const server = await choose("Server", "search");
  await hands.type(screen.getByLabelText("From"), "2026-01-02");
  await hands.type(screen.getByLabelText("Until"), "2026-01-03");
  const day = (date: number) => new Date(2026, 0, date).toISOString();
  await expect.poll(() => asked.at(-1)?.body).toEqual({ type: "call", limit: "100", user, key, server, from: day(2), until: day(4) });
  expect(location.search).toBe(`?view=calls&user=${user}&key=${key}&server=${server}&from=2026-01-02&until=2026-01-03`);
  await hands.click(screen.getByRole("button", { name: "Clear filters" }));
  expect(location.search).toBe("?view=calls");
});

test("where the filter leaves nothing, does not say that there are no calls, and days in the wrong order are not asked for", async () => {
  open("/projects/demo/activity?until=2025-12-30", <ActivityPage />);
  expect(await screen.findByText("Nothing matches the filter.")).toBeInTheDocument();
  cleanup();
  asked.length = 0;
  open("/projects/demo/activity?from=2026-02-02&until=2026-02-01", <ActivityPage />);
  expect(await screen.findByRole("alert")).toHaveTextContent("The first day is after the last one");
  expect(asked).toEqual([]);
});

test("a member, who sees own calls alone, has nobody to choose from", async () => {
  open("/projects/joined/activity", <ActivityPage />);
  await screen.findByRole("table");
  expect(screen.getByRole("combobox", { name: "API key" })).toBeInTheDocument();
  expect(screen.queryByRole("combobox", { name: "By whom" })).not.toBeInTheDocument();
});

test("keys of one name are told apart by how they begin", async () => {
  backend.use(http.get("/api/v1/projects/{project}/keys", ({ response }) => response(200).json(pageOf([key({ prefix: "orch_a" }), key({ prefix: "orch_b" }), key({ name: "desk" })]))));
  open("/projects/demo/activity", <ActivityPage />);
  expect(await screen.findByRole("option", { name: "laptop (orch_b)" })).toBeInTheDocument();
  expect(screen.getByRole("option", { name: "desk" })).toBeInTheDocument();
});

test("says when a call was to the second, and a server once that the client named itself", async () => {
  open("/projects/recorded/activity", <ActivityPage />);
  const row = await screen.findByRole("row", { name: /fly/ });
  expect(row).toHaveTextContent("12:00:00 PM");
  expect(within(row).getByTitle("files__fly")).toHaveTextContent(/^files__fly$/);
  expect(screen.getByTitle("files · move_file")).toHaveTextContent(/^files · move_file$/);
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
  expect(await why("files__delete_file")).toContain("By the rules of today it is hidden from this caller. The rule is “Nobody deletes”.");
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
  await expect.poll(() => alert?.textContent).toContain("A rule of the project says deny.");
  expect(within(dialog).queryByRole("link", { name: "Go to the rules" })).not.toBeInTheDocument();
});

test.each(["/projects/viewed/activity", "/projects/joined/activity?view=changes"])("who does not inspect sees the changes that the overview shows as well: %s", async (path) => {
  open(path, <ActivityPage />);
  // By the name of the member, as the trail hides the address.
  expect(await screen.findByText("Me")).toBeInTheDocument();
  expect(screen.queryByRole("heading", { name: "Not for your role" })).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Export CSV" })).not.toBeInTheDocument();
});

test("a viewer is told that calls are not theirs to see", async () => {
  open("/projects/viewed/activity?view=calls", <ActivityPage />);
  expect(await screen.findByRole("heading", { name: "Not for your role" })).toBeInTheDocument();
});
