import { act, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { setConnection } from "./api/connection";
import { hindrance, useUnsaved } from "./leaving";

function Form({ isDirty }: { isDirty: boolean }) {
  useUnsaved(isDirty);
  return null;
}

/** Whether the browser would ask. */
function asks(): boolean {
  const leaving = new Event("beforeunload", { cancelable: true });
  window.dispatchEvent(leaving);
  return leaving.defaultPrevented;
}

afterEach(() => {
  setConnection("connecting");
});

test("a page with changes that are not saved is not left without a word", () => {
  const { rerender, unmount } = render(<Form isDirty={false} />);
  expect([hindrance(), asks()]).toEqual([undefined, false]);
  rerender(<Form isDirty />);
  expect([hindrance(), asks()]).toEqual(["unsaved", true]);
  rerender(<Form isDirty={false} />);
  expect([hindrance(), asks()]).toEqual([undefined, false]);
  rerender(<Form isDirty />);
  unmount();
  expect([hindrance(), asks()]).toEqual([undefined, false]);
});

test("no page can be fetched while the daemon is away", () => {
  act(() => {
    setConnection("lost");
  });
  expect(hindrance()).toBe("offline");
  setConnection("live");
  expect(hindrance()).toBeUndefined();
});
