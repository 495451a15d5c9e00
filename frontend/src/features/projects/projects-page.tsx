"use client";

import { useSuspenseQuery } from "@tanstack/react-query";
import { FolderPlusIcon, PlusIcon, SearchIcon } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useTranslations } from "use-intl";

import { EmptyState } from "@/components/empty-state";
import { GuardedButton } from "@/components/guarded-button";
import { lazyDialog } from "@/components/lazy-dialog";
import { OwnInvitations } from "@/components/own-invitations";
import { PageHeader } from "@/components/page-header";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { projectsQuery } from "@/lib/data/projects";
import { useMe } from "@/lib/data/session";
import { useIsStarred } from "@/lib/data/stars";

import { useTakeDemo } from "./mutations";
import { ProjectGrid } from "./project-grid";
import { StarredCard } from "./starred-card";
import { DemoFailure, TakeDemoButton } from "./take-demo";

const CreateProjectDialog = lazyDialog(() => import("./create-project-dialog").then((module) => module.CreateProjectDialog));

/** From here on it takes a search to find one. */
const SEARCH_FROM = 7;

export function ProjectsPage() {
  const t = useTranslations("projects");
  const { data: projects } = useSuspenseQuery(projectsQuery());
  const mayCreate = useMe().instance_admin;
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search.trim().toLowerCase());
  const [isCreating, setCreating] = useState(false);
  const create = () => {
    setCreating(true);
  };
  // Here, as the list is another one as soon as the demo is there.
  const demo = useTakeDemo();
  const isStarred = useIsStarred();
  const shown = projects
    .filter(({ name, slug }) => `${name} ${slug}`.toLowerCase().includes(wanted))
    .sort((a, b) => Number(isStarred({ project: b.id })) - Number(isStarred({ project: a.id })) || a.name.localeCompare(b.name));
  return (
    <>
      <PageHeader
        title={t("title")}
        actions={
          <GuardedButton variant="primary" reason={mayCreate ? undefined : t("onlyInstanceAdmins")} aria-haspopup="dialog" onClick={create}>
            <PlusIcon /> {t("new")}
          </GuardedButton>
        }
      />
      {!isCreating && <DemoFailure demo={demo} className="mb-4" />}
      <OwnInvitations className="mb-5" />
      <StarredCard />
      {projects.length >= SEARCH_FROM && (
        <div className="relative mb-4 max-w-xs">
          <SearchIcon aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-muted-foreground" />
          <Input
            type="search"
            aria-label={t("search")}
            placeholder={t("search")}
            className="pl-8"
            value={search}
            onChange={(event) => {
              setSearch(event.target.value);
            }}
          />
        </div>
      )}
      {projects.length === 0 ? (
        <EmptyState
          icon={FolderPlusIcon}
          heading={t("emptyHeading")}
          description={mayCreate ? t("emptyDescription") : t("emptyDescriptionMember")}
          className="rounded-lg border border-dashed border-border"
          actions={
            mayCreate && (
              <>
                <Button variant="primary" aria-haspopup="dialog" onClick={create}>
                  {t("createFirst")}
                </Button>
                <TakeDemoButton demo={demo} />
              </>
            )
          }
        />
      ) : shown.length === 0 ? (
        <EmptyState icon={SearchIcon} heading={t("nothingFound")} />
      ) : (
        <ProjectGrid projects={shown} />
      )}
      <CreateProjectDialog open={isCreating} onOpenChange={setCreating} demo={demo} />
    </>
  );
}
