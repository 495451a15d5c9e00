//! The unified endpoint of one project as a snapshot: its lists ready to send, and the map from shown names to
//! servers. Made anew when a catalog or the project changed; a call only reads it.

pub(crate) mod cache;

use std::collections::HashMap;
use std::sync::Arc;

use orch_domain::catalog::ItemKind;
use orch_domain::directory::ProjectFacts;
use orch_domain::server::Server;
use orch_mcp::object;
use orch_mcp::raw::Raw;

use crate::catalog::{self, Catalog};
use crate::{names, uris};

pub(crate) struct View {
    tools: HashMap<String, Origin>,
    prompts: HashMap<String, Origin>,
    pages: [Raw; 4],
}

/// Where a shown name leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) server: Arc<Server>,
    pub(crate) name: String,
}

impl View {
    /// `catalogs` gives what is known of a server; one without a catalog is only missing. What `sees` does not let
    /// through is missing as well, and changes no name of what stays.
    pub(crate) fn new(
        project: &ProjectFacts,
        catalogs: impl Fn(&Server) -> Option<Arc<Catalog>>,
        sees: impl Fn(&Server, &Catalog, ItemKind, &str) -> bool,
    ) -> Self {
        let separator = project.project.separator.as_str();
        let choice = project.project.flawed_tools;
        let mut view = Self {
            tools: HashMap::new(),
            prompts: HashMap::new(),
            pages: std::array::from_fn(|_| Raw::from_static("{}")),
        };
        let mut shown: [Vec<Raw>; 4] = Default::default();
        for server in enabled(project) {
            let Some(catalog) = catalogs(server) else { continue };
            let alias = server.alias.as_str();
            for (kind, list) in ItemKind::ALL.into_iter().zip(&mut shown) {
                let items = catalog.list(kind);
                match kind {
                    ItemKind::Tool | ItemKind::Prompt => {
                        let originals: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
                        let map = if kind == ItemKind::Tool { &mut view.tools } else { &mut view.prompts };
                        for (name, item) in names::expose(alias, separator, &originals).into_iter().zip(items) {
                            if !sees(server, &catalog, kind, &item.name) {
                                continue;
                            }
                            let shown = item.shown(choice);
                            list.extend(shown.map(|definition| renamed(alias, kind, definition, &name)));
                            map.insert(name, Origin { server: Arc::clone(server), name: item.name.clone() });
                        }
                    }
                    ItemKind::Resource | ItemKind::Template => {
                        list.extend(
                            items
                                .iter()
                                .filter(|item| sees(server, &catalog, kind, &item.name))
                                .map(|item| renamed(alias, kind, &item.definition, &uris::expose(alias, &item.name))),
                        );
                    }
                }
            }
        }
        for ((kind, list), page) in ItemKind::ALL.into_iter().zip(&shown).zip(&mut view.pages) {
            *page = catalog::page(kind, list);
        }
        view
    }

    pub(crate) fn page(&self, kind: ItemKind) -> Raw {
        let index = ItemKind::ALL.into_iter().position(|other| other == kind);
        index.and_then(|index| self.pages.get(index)).cloned().unwrap_or_else(|| catalog::page(kind, []))
    }

    /// Finds a tool or prompt by its shown name, or by `<alias>.<name>`. A name that no list has is passed to the
    /// server that its prefix names, which knows best what it offers.
    pub(crate) fn resolve(&self, project: &ProjectFacts, kind: ItemKind, name: &str) -> Option<Origin> {
        let map = if kind == ItemKind::Prompt { &self.prompts } else { &self.tools };
        if let Some(origin) = map.get(name) {
            return Some(origin.clone());
        }
        [".", project.project.separator.as_str()].into_iter().find_map(|separator| {
            let (alias, original) = name.split_once(separator)?;
            let server = enabled(project).find(|server| server.alias.as_str() == alias)?;
            (!original.is_empty()).then(|| Origin { server: Arc::clone(server), name: original.to_owned() })
        })
    }
}

/// Finds the server and the original of a shown URI.
pub(crate) fn resolve_uri(project: &ProjectFacts, uri: &str) -> Option<Origin> {
    let (alias, original) = uris::resolve(uri)?;
    let server = enabled(project).find(|server| server.alias.as_str() == alias)?;
    Some(Origin { server: Arc::clone(server), name: original.into_owned() })
}

pub(crate) fn enabled(project: &ProjectFacts) -> impl Iterator<Item = &Arc<Server>> {
    project.servers.values().filter(|server| server.enabled)
}

/// The definition under its shown name; a tool's link to its page of user interface follows.
fn renamed(alias: &str, kind: ItemKind, definition: &Raw, name: &str) -> Raw {
    let named = text(name)
        .and_then(|name| object::with(definition, catalog::shape(kind).key, &name).ok())
        .unwrap_or_else(|| definition.clone());
    if kind != ItemKind::Tool {
        return named;
    }
    let Some(meta) = object::member(&named, "_meta") else { return named };
    let Some(ui) = object::member(&meta, "ui") else { return named };
    let Some(uri) = object::string(&ui, "resourceUri") else { return named };
    text(&uris::expose(alias, &uri))
        .and_then(|uri| object::with(&ui, "resourceUri", &uri).ok())
        .and_then(|ui| object::with(&meta, "ui", &ui).ok())
        .and_then(|meta| object::with(&named, "_meta", &meta).ok())
        .unwrap_or(named)
}

fn text(value: &str) -> Option<Raw> {
    Raw::serialize(&value).ok()
}
