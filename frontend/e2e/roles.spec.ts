import { expect, join, logIn, newContext, newUser, PASSWORD, test } from "./fixtures/test";

test("each role sees and may what the table says", async ({ browser, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "files", transport: { type: "stdio", command: "true" } });
  for (const role of ["viewer", "member", "admin"] as const) {
    const user = await newUser(rest);
    await join(rest, project, user.email, role);
    const context = await newContext(browser);
    const page = await context.newPage();
    await logIn(page, user.email, PASSWORD);
    await expect(page.getByRole("button", { name: "New project" })).toHaveAttribute("aria-disabled", "true");
    await page.getByRole("link", { name: project.name }).click();
    await expect(page.getByRole("heading", { name: project.name, level: 1 })).toBeVisible();

    await page.goto(`/projects/${project.slug}/servers`);
    const start = page.getByRole("button", { name: "Start: files" });
    await expect(start).toBeVisible();
    const disabled = await start.getAttribute("aria-disabled");
    expect([role, disabled]).toEqual([role, role === "admin" ? null : "true"]);
    if (role !== "admin") {
      await start.hover();
      await expect(page.getByRole("tooltip").filter({ hasText: /needs the role admin/i }).first()).toBeAttached();
    }

    await page.goto(`/projects/${project.slug}/keys`);
    await expect(page.getByRole("button", { name: "New key" })).toHaveCount(role === "viewer" ? 0 : 1);
    await context.close();
  }
});

test("a stranger sees nothing of a project", async ({ browser, project, rest }) => {
  const user = await newUser(rest);
  const context = await newContext(browser);
  const page = await context.newPage();
  await logIn(page, user.email, PASSWORD);
  await expect(page.getByRole("heading", { name: "No projects yet" })).toBeVisible();
  for (const path of ["", "/servers", "/keys", "/import"]) {
    await page.goto(`/projects/${project.slug}${path}`);
    await expect(page.getByRole("heading", { name: "Nothing here" })).toBeVisible();
    await expect(page.getByText(project.name, { exact: true })).toHaveCount(0);
  }
  await context.close();
});
