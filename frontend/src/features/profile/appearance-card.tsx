"use client";

import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { Card, CardBody, CardHeader } from "@/components/ui/card";
import { Select } from "@/components/ui/input";
import { LANGUAGES, type ThemeChoice, THEMES, useAppearance } from "@/components/use-appearance";
import type { LocaleChoice } from "@/lib/i18n/locale";

/** How the dashboard looks and speaks to this account. */
export function AppearanceCard() {
  const t = useTranslations("profile");
  const shell = useTranslations("shell");
  const { theme, language, chooseTheme, chooseLanguage } = useAppearance();
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
                chooseTheme(event.target.value as ThemeChoice);
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
              value={language}
              onChange={(event) => {
                chooseLanguage(event.target.value as LocaleChoice);
              }}
            >
              <option value="system">{shell("languageOfSystem")}</option>
              {Object.entries(LANGUAGES).map(([choice, label]) => (
                <option key={choice} value={choice} lang={choice}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </CardBody>
    </Card>
  );
}
