import { ADMIN, expect, expectAccessible, logIn, test } from "./fixtures/test";

test("takes the demo, and a second one", async ({ page }) => {
  await logIn(page, ADMIN.email, ADMIN.password);
  for (const address of [/\/projects\/demo(-\d+)?$/, /\/projects\/demo-\d+$/]) {
    await page.goto("/projects");
    await page.getByRole("button", { name: "New project" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take the demo" }).click();
    await expect(page).toHaveURL(address);
    await expect(page.getByRole("heading", { level: 1, name: "Demo" })).toBeVisible();
  }
  await expect(page.getByRole("heading", { name: "Get started" })).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: "Create an API key" })).toHaveAttribute("aria-current", "step");
  await page.getByRole("main").getByRole("link", { name: "everything" }).click();
  await expect(page.getByText("npx", { exact: false }).first()).toBeVisible();
});

test("a thousand projects scroll, and one of them is found", async ({ console: page, rest, project }) => {
  // In the browser alone: the daemon has others to serve.
  const one = await rest.get(`/projects/${project.slug}`);
  const items = Array.from({ length: 1_000 }, (_, at) => {
    const number = String(at).padStart(3, "0");
    const id = `00000000-0000-7000-8000-000000000${number}`;
    return { ...one, id, name: `Many ${number}`, slug: `many-${number}`, counts: { members: 1, teams: 0, servers: 3, keys: 0 } };
  });
  await page.route(/\/api\/v1\/projects\?/, (route) => route.fulfill({ json: { items, next_cursor: null } }));
  const asked = new Set<string>();
  await page.route(/\/api\/v1\/projects\/many-\d+\/servers/, (route) => {
    asked.add(route.request().url());
    return route.fulfill({ json: { items: [], next_cursor: null } });
  });
  await page.goto("/projects");
  const card = (name: string) => page.getByRole("link", { name, exact: true });
  await expect(card("Many 000")).toBeVisible();
  // What is out of sight is not in the page, and nothing is asked for it.
  expect(await page.getByRole("article").count()).toBeLessThan(100);
  await expect(page.getByRole("listitem").filter({ has: card("Many 000") })).toHaveAttribute("aria-setsize", "1000");
  await expectAccessible(page);
  await page.keyboard.press("End");
  await expect(card("Many 999")).toBeInViewport();
  expect(await page.getByRole("article").count()).toBeLessThan(100);
  expect(asked.size).toBeLessThan(400);
  await page.getByRole("searchbox", { name: "Find a project" }).fill("many-500");
  await expect(page.getByRole("article")).toHaveCount(1);
  await expect(card("Many 500")).toBeVisible();
});

test("a name in any script has an address", async ({ console: page, project }) => {
  await page.goto("/projects");
  await page.getByRole("button", { name: "New project" }).click();
  const dialog = page.getByRole("dialog");
  const [name, slug] = [dialog.getByLabel("Name"), dialog.getByLabel("Slug")];
  await name.fill("결제 플랫폼");
  await expect(slug).toHaveValue("gyeolje-peulraetpom");
  // What was written stays; with nothing written, the name decides again.
  await slug.fill("payments");
  await name.fill("支払い");
  await expect(slug).toHaveValue("payments");
  await slug.fill("");
  await name.fill("支払い!");
  await expect(slug).toHaveValue(/^project-[a-z0-9]{4}$/);
  const suggested = await slug.inputValue();
  await slug.fill("Not a slug");
  await dialog.getByRole("button", { name: "Create project" }).click();
  await expect(slug).toHaveAccessibleDescription(/Use 1 to 40 of a-z/);
  await slug.fill("");
  await dialog.getByRole("button", { name: "Create project" }).click();
  await expect(page).toHaveURL(`/projects/${suggested}`);
  await expect(page.getByRole("heading", { level: 1, name: "支払い!" })).toBeVisible();

  await page.goto(`/projects/${project.slug}/add-server?from=form`);
  await page.getByLabel("Display name").fill("검색 서버");
  await expect(page.getByLabel("Alias")).toHaveValue("geomsaek-seobeo");
  await page.getByLabel("Command", { exact: true }).fill("true");
  await page.getByRole("button", { name: "Add server" }).click();
  await expect(page).toHaveURL(`/projects/${project.slug}/servers/geomsaek-seobeo`);
});
