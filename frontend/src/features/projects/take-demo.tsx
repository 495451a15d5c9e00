"use client";

import { SparklesIcon } from "lucide-react";
import { useRouter } from "next/navigation";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Link } from "@/components/link";
import { Spinner } from "@/components/spinner";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { paths } from "@/lib/paths";

import type { TakeDemo } from "./mutations";

/** Makes the demo and goes there. */
export function TakeDemoButton({ demo }: { demo: TakeDemo }) {
  const t = useTranslations("projects.demo");
  const router = useRouter();
  // Until the project's page is there.
  const isBusy = demo.isPending || (demo.isSuccess && demo.data.failure === undefined);
  return (
    <Button
      disabled={isBusy}
      onClick={() => {
        demo.mutate(undefined, {
          onSuccess: ({ project, failure }) => {
            if (failure === undefined) router.push(paths.project({ project: project.slug }));
          },
        });
      }}
    >
      {isBusy ? <Spinner /> : <SparklesIcon />} {t("take")}
    </Button>
  );
}

/** Why there is no demo, or only half of one, and the way on from there. */
export function DemoFailure({ demo, className }: { demo: TakeDemo; className?: string }) {
  const t = useTranslations("projects.demo");
  const errorText = useErrorText();
  if (demo.isError) {
    return (
      <Alert tone="danger" className={className}>
        {errorText(demo.error)}
      </Alert>
    );
  }
  if (demo.data?.failure === undefined) return null;
  const ref = { project: demo.data.project.slug };
  return (
    <Alert tone="danger" heading={t("half", { name: ref.project })} className={className}>
      <p>{errorText(demo.data.failure)}</p>
      <p className="mt-2 flex flex-wrap gap-2">
        <Button asChild size="sm">
          <Link href={paths.addServer(ref)}>{t("addServer")}</Link>
        </Button>
        <Button asChild size="sm">
          <Link href={paths.project(ref)}>{t("open")}</Link>
        </Button>
      </p>
    </Alert>
  );
}
