"use client";

import { useTheme } from "next-themes";
import { useLocale, useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { Card, CardBody, CardHeader } from "@/components/ui/card";
import { Select } from "@/components/ui/input";
import { chooseLocale, type Locale } from "@/lib/i18n/locale";

const THEMES = ["system", "light", "dark"] as const;

/** What this browser shows; nothing of it is kept by the daemon. */
export function AppearanceCard() {
  const t = useTranslations("profile");
  const shell = useTranslations("shell");
  const locale = useLocale();
  const { theme, setTheme } = useTheme();
  return (
    <Card>
      <CardHeader heading={t("appearance")} description={t("appearanceHint")} />
      <CardBody className="grid gap-4 sm:max-w-md sm:grid-cols-2">
        <Field label={shell("theme")}>
          {(field) => (
            <Select
              {...field}
              value={theme}
              onChange={(event) => {
                setTheme(event.target.value);
              }}
            >
              {THEMES.map((choice) => (
                <option key={choice} value={choice}>
                  {shell(`themes.${choice}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={shell("language")}>
          {(field) => (
            <Select
              {...field}
              value={locale}
              onChange={(event) => {
                chooseLocale(event.target.value as Locale);
              }}
            >
              <option value="en" lang="en">
                English
              </option>
              <option value="ko" lang="ko">
                한국어
              </option>
            </Select>
          )}
        </Field>
      </CardBody>
    </Card>
  );
}
