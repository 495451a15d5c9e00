import { ADMIN, baseUrl, expect, expectAccessible, logIn, newContext, Rest, test } from "./fixtures/test";

test("goes from any page to the login and back to it", async ({ page, project }) => {
  await page.goto(`/projects/${project.slug}/keys`);
  await expect(page).toHaveURL(/\/login\?next=/);
  await expectAccessible(page);
  await page.getByLabel("E-mail address").fill(ADMIN.email);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "E-mail address or password is wrong." })).toBeVisible();
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page).toHaveURL(`/projects/${project.slug}/keys`);
  await expect(page.getByRole("heading", { name: "API keys" })).toBeVisible();
});

test("says what is missing before it asks the daemon", async ({ page }) => {
  await page.goto("/login");
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByText("Enter your password")).toBeVisible();
  await expect(page.getByLabel("E-mail address")).toHaveAttribute("aria-invalid", "true");
});

test("renews the login silently, once for all tabs", async ({ browser }) => {
  const context = await newContext(browser);
  const page = await context.newPage();
  await logIn(page, ADMIN.email, ADMIN.password);
  await context.clearCookies({ name: "orch_access" });
  const other = await context.newPage();
  await Promise.all([page.goto("/projects"), other.goto("/projects")]);
  await expect(page.getByRole("heading", { name: "Projects" })).toBeVisible();
  await expect(other.getByRole("heading", { name: "Projects" })).toBeVisible();
  const names = (await context.cookies()).map(({ name }) => name).sort();
  expect(names).toEqual(["orch_access", "orch_refresh"]);
  await context.close();
});

test("logs out for good", async ({ browser }) => {
  const context = await newContext(browser);
  const page = await context.newPage();
  await logIn(page, ADMIN.email, ADMIN.password);
  await page.getByRole("button", { name: "Account menu" }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await expect(page).toHaveURL(/\/login$/);
  expect(await context.cookies()).toEqual([]);
  await page.goto("/projects");
  await expect(page).toHaveURL(/\/login/);
  await context.close();
});

test("no script of a page ever sees a token", async ({ browser }) => {
  const context = await newContext(browser);
  const page = await context.newPage();
  const bodies: Promise<string>[] = [];
  page.on("response", (response) => {
    // A stream of events has no end.
    if (response.url().includes("/api/") && !response.url().includes("/events")) {
      // What the page has left behind has no body that comes.
      const left = new Promise<string>((done) => setTimeout(() => { done(""); }, 5000));
      bodies.push(Promise.race([response.text().catch(() => ""), left]));
    }
  });
  await logIn(page, ADMIN.email, ADMIN.password);
  await context.clearCookies({ name: "orch_access" });
  await page.goto("/projects");
  await expect(page.getByRole("heading", { name: "Projects" })).toBeVisible();
  const tokens = (await context.cookies()).map(({ value }) => value);
  expect(tokens.length).toBe(2);
  const seen = await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage }) + document.documentElement.outerHTML);
  const text = seen + (await Promise.all(bodies.slice(0, 20))).join("");
  for (const token of tokens) expect(text.includes(token)).toBe(false);
  expect(text).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
  await context.close();
});

test("another site's page changes nothing", async ({ browser, project }) => {
  const context = await newContext(browser);
  const page = await context.newPage();
  await logIn(page, ADMIN.email, ADMIN.password);
  const cookies = await context.cookies();
  expect(cookies.every(({ httpOnly, sameSite }) => httpOnly && sameSite === "Strict")).toBe(true);
  // Even if a browser sent the cookies along.
  const response = await fetch(`${baseUrl()}/api/v1/projects/${project.slug}`, {
    method: "PATCH",
    headers: {
      Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; "),
      Origin: "https://evil.example",
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ name: "Stolen" }),
  });
  expect(response.status).toBe(403);
  expect((await (await Rest.admin()).get(`/projects/${project.slug}`)).name).toBe(project.name);
  await context.close();
});

test("a page's policy allows no inline script", async () => {
  for (const path of ["/login", "/projects/any/servers/any", "/nothing/here"]) {
    const response = await fetch(baseUrl() + path, { headers: { Accept: "text/html" } });
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  }
});
