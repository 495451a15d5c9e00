import { QueryClientProvider, QueryErrorResetBoundary } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Component, type ReactNode, Suspense } from "react";
import { IntlProvider } from "use-intl";

import { PageSkeleton } from "@/components/page-skeleton";
import { RouteError } from "@/components/route-error";
import { Toaster } from "@/components/toaster";
import { createQueryClient } from "@/lib/query-client";
import type { Locale } from "@/lib/i18n/locale";
import en from "@/messages/en";
import ko from "@/messages/ko";

import { go } from "./navigation";

/** Shows a page or a part of one at an address, within what every page stands in. Gives hands to use it. */
export function open(path: string, page: ReactNode, locale: Locale = "en") {
  go(path);
  const client = createQueryClient();
  client.setDefaultOptions({ queries: { retry: false, refetchInterval: false } });
  render(
    <IntlProvider locale={locale} messages={locale === "ko" ? ko : en} timeZone="UTC">
      <QueryClientProvider client={client}>
        <QueryErrorResetBoundary>
          <Boundary>
            <Suspense fallback={<PageSkeleton />}>{page}</Suspense>
          </Boundary>
        </QueryErrorResetBoundary>
        <Toaster />
      </QueryClientProvider>
    </IntlProvider>,
  );
  return userEvent.setup({ delay: null });
}

/** As Next puts error.tsx around a page. */
class Boundary extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state = { error: undefined as Error | undefined };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <RouteError
        error={error}
        reset={() => {
          this.setState({ error: undefined });
        }}
      />
    );
  }
}
