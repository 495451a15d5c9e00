import { everything, expect, expectAccessible, newProject, test } from "./fixtures/test";
import { speakKorean } from "./fixtures/korean";

const RULE = { name: "Nobody deletes", object: { server: "github", name: "delete_*" }, effect: "deny" };

test("says in sentences what became of things that are gone", async ({ console: page, project, rest }) => {
  const at = `/projects/${project.slug}`;
  await rest.post(`${at}/servers`, { alias: "github", transport: { type: "stdio", ...everything(), env: { TOKEN: "never shown" } } });
  await rest.put(`${at}/policy`, { rules: [RULE] });
  await rest.put(`${at}/policy`, { rules: [] });
  const key = await rest.post(`${at}/keys`, { name: "laptop" });
  await rest.delete(`${at}/keys/${String(key.id)}`);
  await rest.patch(`${at}/servers/github`, { timeout: 77 });
  await rest.delete(`${at}/servers/github`);
  await page.goto(`${at}/activity?view=changes`);
  const lines = page.getByRole("listitem");
  await expect(lines.filter({ hasText: "deleted the server github" })).toBeVisible();
  await expect(lines.filter({ hasText: "changed the server github" })).toContainText("Changed:timeout");
  await expect(lines.filter({ hasText: "revoked the API key laptop" })).toContainText("Begins with:orch_");
  await expect(lines.filter({ hasText: "Removed:" })).toContainText("Nobody deletes: deny everything delete_* of github");
  await expect(page.getByText("never shown")).toHaveCount(0);
  await expectAccessible(page);

  await page.getByRole("combobox", { name: "About what" }).selectOption("key");
  await expect(lines.filter({ hasText: "server github" })).toHaveCount(0);
  await expect(lines.filter({ hasText: "laptop" })).toHaveCount(2);
  await page.getByRole("searchbox").fill("revoke");
  await expect(lines.filter({ hasText: "laptop" })).toHaveCount(1);
  await page.reload();
  await expect(lines.filter({ hasText: "revoked the API key laptop" })).toBeVisible();
  await expect(lines.filter({ hasText: "laptop" })).toHaveCount(1);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByLabel("Until").fill("2020-01-01");
  await expect(page.getByText("Nothing matches the filter")).toBeVisible();
  await expectAccessible(page);
});

test("what is typed stands in its field letter by letter, and half a year is not asked for", async ({ console: page, project }) => {
  const at = `/projects/${project.slug}/activity`;
  const asked: string[] = [];
  page.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    const from = searchParams.get("from");
    if (pathname.endsWith("/audit") && from !== null) asked.push(from);
  });
  await page.goto(`${at}?view=changes`);
  const search = page.getByRole("searchbox");
  const from = page.getByLabel("From");
  const lines = page.getByRole("main").getByRole("listitem");
  await expect(lines.first()).toBeVisible();
  await search.pressSequentially("created the project");
  await expect(search).toHaveValue("created the project");
  await expect(page).toHaveURL(/q=created\+the\+project/);
  await search.fill("");
  await from.pressSequentially("01022026");
  await expect(from).toHaveValue("2026-01-02");
  await expect(page).toHaveURL(`${at}?view=changes&from=2026-01-02`);
  await expect(lines.first()).toBeVisible();
  expect([...new Set(asked)]).toEqual(["2026-01-02T00:00:00.000Z"]);
  // Who leaves in the middle of a year sees what the list is of.
  for (const key of ["ArrowLeft", "ArrowRight", "1"]) await page.keyboard.press(key);
  await expect(from).toHaveValue("0001-01-02");
  await search.focus();
  await expect(from).toHaveValue("2026-01-02");
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(from).toHaveValue("");
  await expect(page).toHaveURL(`${at}?view=changes`);
  expect([...new Set(asked)]).toEqual(["2026-01-02T00:00:00.000Z"]);
});

test("the instance's trail is searched beyond what is loaded, also of a project that is gone", async ({ console: page, project, rest }) => {
  const other = await newProject(rest);
  await rest.post(`/projects/${other.slug}/servers`, { alias: "needle", transport: { type: "stdio", ...everything() } });
  for (let count = 0; count < 120; count += 1) await rest.patch(`/projects/${project.slug}`, { name: `Name ${String(count)}` });
  await rest.delete(`/projects/${other.slug}`);
  await page.goto(`/admin/audit?project=${project.id}`);
  const lines = page.getByRole("main").getByRole("listitem");
  await expect(lines).toHaveCount(100);
  await expect(page.getByText("The latest 100 entries")).toBeVisible();
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(lines).toHaveCount(121);
  await expect(page.getByText("121 entries")).toBeVisible();
  await expect(page.getByRole("button", { name: "Show more" })).toHaveCount(0);

  await page.goto(`/admin/audit?q=needle&project=${other.id}`);
  await expect(lines).toHaveCount(1);
  await expect(lines).toContainText("added the server needle");
  await expect(lines).toContainText(other.slug);
  await page.goto("/admin/audit?about=login");
  await expect(lines.first()).toContainText("logged in");
  await expectAccessible(page);
});

test("speaks Korean", async ({ console: page, project, rest }) => {
  const at = `/projects/${project.slug}`;
  await rest.post(`${at}/servers`, { alias: "github", transport: { type: "stdio", ...everything() } });
  await rest.put(`${at}/policy`, { rules: [RULE] });
  await rest.patch(`${at}/servers/github`, { timeout: 77 });
  await speakKorean(page);
  for (const url of [`${at}/activity?view=changes`, `/admin/audit?project=${project.id}`]) {
    await page.goto(url);
    const lines = page.getByRole("main").getByRole("listitem");
    await expect(lines.filter({ hasText: "님이 github 서버를 추가했습니다" })).toContainText("전송 방식:stdio");
    await expect(lines.filter({ hasText: "서버의 설정을 변경했습니다" })).toContainText("변경:시간 제한");
    await expect(lines.filter({ hasText: "의 규칙을 변경했습니다" })).toContainText("추가:Nobody deletes");
    await expectAccessible(page);
  }
});
