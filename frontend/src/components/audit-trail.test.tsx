import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked } from "@/testing/backend";
import { open } from "@/testing/render";

import { AuditTrail } from "./audit-trail";

const PEOPLE = [{ id: "7", name: "ada@example.com" }];

const trail = (project: string) => <AuditTrail project={{ project }} people={PEOPLE} />;

async function lines(): Promise<string[]> {
  const items = within(await screen.findByRole("list")).getAllByRole("listitem");
  return items.map((item) => [...(item.firstElementChild?.children ?? [])].map((part) => part.textContent).join(" | "));
}

test("says what happened in a sentence, with what is known by name", async () => {
  open("/projects/demo/activity", trail("demo"));
  expect(await lines()).toEqual([
    "ada@example.com changed the role of bob@example.com | Before:MemberNow:Admin",
    "ada@example.com changed the server github | Changed:variable TOKEN, calls in flight",
    "ada@example.com added a rule to demo | added rule 0198: deny",
    "ada@example.com did moon.land to Luna",
    "Somebody failed to log in as eve@example.com | Why:Wrong password",
  ]);
  expect(screen.getByText("as instance admin")).toBeInTheDocument();
});

test("says it in the language of who reads", async () => {
  open("/projects/demo/activity", trail("demo"), "ko");
  expect(await lines()).toEqual([
    "ada@example.com 님이 bob@example.com 님의 역할을 변경했습니다 | 이전:멤버현재:관리자",
    "ada@example.com 님이 github 서버의 설정을 변경했습니다 | 변경:환경 변수 TOKEN, 동시 호출",
    "ada@example.com 님이 demo에 규칙을 추가했습니다 | added rule 0198: deny",
    "ada@example.com 님이 Luna에 moon.land 작업을 했습니다",
    "eve@example.com 계정으로 로그인하지 못했습니다 | 이유:잘못된 비밀번호",
  ]);
});

test("has the daemon search, and keeps the filters in the address", async () => {
  const hands = open("/projects/demo/activity?view=changes", trail("demo"));
  await lines();
  await hands.selectOptions(screen.getByRole("combobox", { name: "About what" }), "server");
  await hands.selectOptions(screen.getByRole("combobox", { name: "By whom" }), "ada@example.com");
  await hands.type(screen.getByLabelText("From"), "2026-01-02");
  await hands.type(screen.getByLabelText("Until"), "2026-01-03");
  const day = (date: number) => new Date(2026, 0, date).toISOString();
  await expect.poll(() => asked.at(-1)?.body).toEqual({ limit: "100", action: "server", user: "7", from: day(2), until: day(4) });
  expect(location.search).toBe("?view=changes&about=server&user=7&from=2026-01-02&until=2026-01-03");
  await hands.type(screen.getByRole("searchbox"), "nowhere");
  expect(await screen.findByRole("heading", { name: "Nothing matches the filter" })).toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Clear filters" }));
  expect(await lines()).toHaveLength(5);
  expect(location.search).toBe("?view=changes");
});

test("days in the wrong order are not asked for", async () => {
  open("/projects/demo/activity?from=2026-02-02&until=2026-02-01", trail("demo"));
  expect(await screen.findByRole("alert")).toHaveTextContent("The first day is after the last one");
  expect(asked).toEqual([]);
});

test("shows more of it", async () => {
  const hands = open("/projects/demo/activity", trail("demo"));
  await hands.click(await screen.findByRole("button", { name: "Show more" }));
  await expect.poll(async () => (await lines()).length).toBe(6);
  expect(screen.queryByRole("button", { name: "Show more" })).not.toBeInTheDocument();
});

test("without entries, says so", async () => {
  open("/projects/empty/activity", trail("empty"));
  expect(await screen.findByRole("heading", { name: "Nothing is on the trail yet" })).toBeInTheDocument();
});

test("says what failed, and tries again", async () => {
  const hands = open("/projects/broken/activity", trail("broken"));
  await screen.findByRole("alert");
  await hands.click(screen.getByRole("button", { name: "Try again" }));
  expect(await lines()).toHaveLength(5);
});

test("what there is stays when more of it cannot be had, and the failure stands beside the button", async () => {
  const hands = open("/projects/short/activity", trail("short"));
  await hands.click(await screen.findByRole("button", { name: "Show more" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("Something went wrong in the daemon");
  expect(screen.getAllByRole("listitem")).toHaveLength(5);
  expect(screen.getByRole("button", { name: "Show more" })).toBeEnabled();
});

test("what is a name stands as it is, and what is a word does not", async () => {
  open("/projects/worded/activity", trail("worded"));
  const [slug, rule, limits, none, mail, password] = await lines();
  expect(slug).toContain("Changed:slugBefore:admin");
  expect(rule).toContain("Changed:env reads");
  expect(limits).toContain("Set:requests a minute of each API key: 60, calls at a time at one server: 4, moons 2");
  expect(none).toContain("Set:nothing");
  expect(mail).toContain("Why:changed by the other server");
  expect(password).toBe("ada@example.com changed the own password");
});

test("in another language as well", async () => {
  open("/projects/worded/activity", trail("worded"), "ko");
  const [slug, rule, limits, none, , password] = await lines();
  expect(slug).toContain("변경:슬러그이전:admin");
  expect(rule).toContain("변경:env reads");
  expect(limits).toContain("설정:API 키마다 분당 요청: 60, 서버 하나의 동시 호출: 4, moons 2");
  expect(none).toContain("설정:없음");
  expect(password).toBe("ada@example.com 님이 자신의 비밀번호를 변경했습니다");
});

test("entries of another filter are not exported", async () => {
  const hands = open("/projects/demo/activity", trail("demo"));
  await lines();
  const save = screen.getByRole("button", { name: "Export CSV" });
  expect(save).toBeEnabled();
  await hands.type(screen.getByRole("searchbox"), "long");
  await expect.poll(() => asked.at(-1)?.body).toEqual({ limit: "100", search: "long" });
  expect(save).toBeDisabled();
});
