import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";

import type { Project } from "@/lib/data/projects";
import { asked, backend, http } from "@/testing/backend";
import { Changed } from "@/testing/changed";
import { problem, project } from "@/testing/factories";
import { open } from "@/testing/render";

import { GeneralForm } from "./general-form";

const other = (theirs: Partial<Project>) => (
  <Changed from={project({ name: "Demo", version: 1 })} to={project({ name: "Demo", version: 2, ...theirs })}>
    {(seen) => <GeneralForm project={seen} reason={undefined} />}
  </Changed>
);

const name = () => screen.getByRole("textbox", { name: "Name" });
const button = (text: string) => screen.getByRole("button", { name: text });
const NOTICE = "Somebody else has changed this in the meantime";

/** What is saved, and over which version; anything but the newest is refused. */
function versionsOf(newest: number): (string | null)[] {
  const seen: (string | null)[] = [];
  backend.use(
    http.patch("/api/v1/projects/{project}", async ({ request, response }) => {
      const over = request.headers.get("if-match");
      seen.push(over);
      if (over !== `"${String(newest)}"`) return response(412).json(problem({ code: "stale", status: 412 }));
      const body = await request.json();
      asked.push({ what: "project", body });
      return response(200).json(project({ name: body.name ?? "Demo", version: newest + 1 }));
    }),
  );
  return seen;
}

test("where nothing is written, what somebody else saves is shown", async () => {
  const hands = open("/projects/demo/settings", other({ name: "Theirs" }));
  expect(name()).toHaveValue("Demo");
  await hands.click(button("Somebody else saves"));
  expect(name()).toHaveValue("Theirs");
  expect(screen.queryByText(NOTICE)).not.toBeInTheDocument();
});

test("what is written stays when somebody else saves, and is not saved over it unasked", async () => {
  const versions = versionsOf(2);
  const hands = open("/projects/demo/settings", other({ name: "Theirs" }));
  await hands.type(name(), " of mine");
  await hands.click(button("Somebody else saves"));
  expect(name()).toHaveValue("Demo of mine");
  expect(screen.getByRole("alert")).toHaveTextContent(NOTICE);
  // Who writes is left in peace.
  expect(screen.getByRole("alert")).not.toHaveFocus();
  await hands.click(button("Save changes"));
  await waitFor(() => {
    expect(versions).toEqual(['"1"']);
  });
  // Said once, and not by the error as well; who looks at the button is taken to it.
  await waitFor(() => {
    expect(screen.getByRole("alert")).toHaveFocus();
  });
  expect(screen.getByRole("alert")).toHaveTextContent(NOTICE);
  await hands.click(button("Take theirs"));
  expect(name()).toHaveValue("Theirs");
  expect(screen.queryByText(NOTICE)).not.toBeInTheDocument();
  expect(button("Save changes")).toBeDisabled();
  expect(asked).toEqual([]);
});

test("who keeps what is written saves over what somebody else has saved", async () => {
  const versions = versionsOf(2);
  const hands = open("/projects/demo/settings", other({ name: "Theirs" }));
  await hands.type(name(), " of mine");
  await hands.click(button("Somebody else saves"));
  await hands.click(button("Keep mine"));
  expect(screen.queryByText(NOTICE)).not.toBeInTheDocument();
  expect(name()).toHaveValue("Demo of mine");
  // What is there now is theirs: to write the old name again is a change.
  await hands.clear(name());
  await hands.type(name(), "Demo");
  await hands.click(button("Save changes"));
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  expect(versions).toEqual(['"2"']);
  expect(asked).toMatchObject([{ body: { name: "Demo" } }]);
  expect(name()).toHaveValue("Demo");
  expect(button("Save changes")).toBeDisabled();
});

test("what is written while something is saved is not taken for saved, nor what is saved for somebody else's", async () => {
  let answer: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  backend.use(
    http.patch("/api/v1/projects/{project}", async ({ response }) => {
      await held;
      return response(200).json(project({ name: "Demo of mine", version: 2 }));
    }),
  );
  const hands = open("/projects/demo/settings", other({ name: "Demo of mine" }));
  await hands.type(name(), " of mine");
  await hands.click(button("Save changes"));
  await hands.type(name(), " and more");
  answer();
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  // The page hears of what was saved.
  await hands.click(button("Somebody else saves"));
  expect(name()).toHaveValue("Demo of mine and more");
  expect(screen.queryByText(NOTICE)).not.toBeInTheDocument();
  expect(button("Save changes")).toBeEnabled();
});

test("somebody else's way back to what one has saved is a change of theirs", async () => {
  const versions = versionsOf(1);
  const hands = open(
    "/projects/demo/settings",
    <Changed from={project({ name: "Demo", version: 1 })} to={project({ name: "Demo!", version: 2 })}>
      {(mine) => (
        <Changed from={mine} to={project({ name: "Theirs", version: 3 })} label="She saves">
          {(hers) => (
            <Changed from={hers} to={project({ name: "Demo!", version: 4 })} label="She goes back">
              {(seen) => <GeneralForm project={seen} reason={undefined} />}
            </Changed>
          )}
        </Changed>
      )}
    </Changed>,
  );
  await hands.type(name(), "!");
  await hands.click(button("Save changes"));
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  await hands.click(button("Somebody else saves"));
  await hands.click(button("She saves"));
  expect(name()).toHaveValue("Theirs");
  await hands.type(name(), " of mine");
  await hands.click(button("She goes back"));
  expect(screen.getByRole("alert")).toHaveTextContent(NOTICE);
  await hands.click(button("Save changes"));
  await waitFor(() => {
    expect(versions).toEqual(['"1"', '"3"']);
  });
});

test("what the daemon makes of what was written is one's own", async () => {
  backend.use(http.patch("/api/v1/projects/{project}", ({ response }) => response(200).json(project({ name: "Demo 2", version: 2 }))));
  const hands = open("/projects/demo/settings", other({ name: "Demo 2" }));
  await hands.type(name(), "  2");
  await hands.click(button("Save changes"));
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  expect(name()).toHaveValue("Demo 2");
  await hands.type(name(), " and more");
  await hands.click(button("Somebody else saves"));
  expect(screen.queryByText(NOTICE)).not.toBeInTheDocument();
  expect(name()).toHaveValue("Demo 2 and more");
});

test("a change of what is not in the form is none of its concern", async () => {
  const versions = versionsOf(2);
  const hands = open("/projects/demo/settings", other({ flawed_tools: "hide" }));
  await hands.type(name(), " of mine");
  await hands.click(button("Somebody else saves"));
  expect(screen.queryByText(NOTICE)).not.toBeInTheDocument();
  await hands.click(button("Save changes"));
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  expect(versions).toEqual(['"2"']);
});

test("what keeps a form from being saved and concerns no field is gone to", async () => {
  backend.use(http.patch("/api/v1/projects/{project}", ({ response }) => response(503).json(problem({ code: "unavailable", status: 503 }))));
  const hands = open("/projects/demo/settings", other({}));
  await hands.type(name(), " of mine");
  await hands.click(button("Save changes"));
  await waitFor(() => {
    expect(screen.getByRole("alert")).toHaveFocus();
  });
});

test("a separator without an underscore is refused, as the daemon does", async () => {
  const hands = open("/projects/demo/settings", <GeneralForm project={project()} reason={undefined} />);
  const separator = screen.getByRole("textbox", { name: "Separator" });
  await hands.clear(separator);
  await hands.type(separator, "--");
  await hands.click(button("Save changes"));
  expect(await screen.findByText("Use 1 to 4 of _ and -, with at least one _")).toBeInTheDocument();
  expect(asked).toEqual([]);
  await hands.type(separator, "_");
  await hands.click(button("Save changes"));
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
});
