import { renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { IntlProvider } from "use-intl";
import { expect, test } from "vitest";

import { useDuration } from "./use-duration";

test.each([
  [0.25, "0.3 ms"],
  [15.4, "15 ms"],
  [999, "999 ms"],
  [2_340, "2.3 sec"],
  [819_040, "13.7 min"],
])("%s ms is said as %s", (ms, said) => {
  const wrapper = ({ children }: { children: ReactNode }) => (
    <IntlProvider locale="en" timeZone="UTC">
      {children}
    </IntlProvider>
  );
  const { result } = renderHook(() => useDuration(), { wrapper });
  expect(result.current(ms)).toBe(said);
});
