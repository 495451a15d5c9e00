"use client";

import { useTranslations } from "use-intl";

import { Link } from "@/components/link";
import { SeenChanges } from "@/components/seen-changes";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { paths, type ProjectRef } from "@/lib/paths";

/** The activity of who does not see calls. */
export function RecentChanges({ project }: { project: ProjectRef }) {
  const t = useTranslations("overview");
  return (
    <Card>
      <CardHeader
        heading={t("changes")}
        actions={
          <Button asChild size="sm" variant="ghost">
            <Link href={paths.activity(project)}>{t("seeAll")}</Link>
          </Button>
        }
      />
      <SeenChanges project={project} limit={10} />
    </Card>
  );
}
