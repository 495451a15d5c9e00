//! Well-known MCP servers to add from. The list is a file of ours; nothing is fetched.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::{HttpResponse, get};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::listing::PageView;
use crate::register::Register;

const FILE: &str = include_str!("server_catalog.json");

static ENTRIES: LazyLock<Result<Vec<CatalogServerView>, String>> =
    LazyLock::new(|| serde_json::from_str(FILE).map_err(|error| error.to_string()));

/// A server that many people use, and what it takes to run it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CatalogServer)]
pub struct CatalogServerView {
    /// Stable; also a good alias.
    id: String,
    /// For people.
    name: String,
    /// What it does, in a sentence.
    description: String,
    /// Where its makers describe it.
    homepage: String,
    /// `browser`, `cloud`, `data`, `development`, `documents`, `knowledge`, `search` or `utility`.
    category: String,
    /// How it is run or reached.
    transport: CatalogTransportView,
    /// What somebody has to fill in.
    #[serde(default)]
    inputs: Vec<CatalogInputView>,
}

/// `${NAME}` in a value stands for the input of that name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = CatalogTransport)]
pub enum CatalogTransportView {
    /// A program to run.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its environment variables.
        #[serde(default)]
        env: BTreeMap<String, String>,
    },
    /// A server to dial.
    StreamableHttp {
        /// Its address.
        url: String,
        /// Headers to send.
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
}

/// Something to fill in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CatalogInput)]
pub struct CatalogInputView {
    /// As it stands in `${NAME}`.
    name: String,
    /// What it is and where to get it.
    help: String,
    /// Not to be shown while it is typed.
    #[serde(default)]
    secret: bool,
    /// It works without.
    #[serde(default)]
    optional: bool,
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_catalog_servers);
}

/// List well-known MCP servers to add from
///
/// For every credential.
///
/// The same for everybody, and shipped with the daemon: nothing is fetched. Adding one is `create_server` with its
/// transport, where `${NAME}` is filled in from `inputs`.
#[utoipa::path(
    operation_id = "list_catalog_servers",
    tag = "servers",
    responses((status = 200, body = PageView<CatalogServerView>))
)]
#[get("/server-catalog")]
async fn list_catalog_servers(_caller: Caller) -> Result<HttpResponse, ApiError> {
    let entries = ENTRIES.as_ref().map_err(|error| ApiError::internal(error.clone()))?;
    Ok(HttpResponse::Ok().json(PageView::whole(entries.iter().cloned())))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use orch_domain::alias::Alias;

    use super::{CatalogTransportView, ENTRIES};

    #[test]
    fn every_entry_can_be_added_as_it_is_written() {
        let entries = ENTRIES.as_ref().expect("the file is read");
        assert!(entries.len() >= 30, "{} entries", entries.len());
        let ids: HashSet<_> = entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids.len(), entries.len(), "an id is there twice");
        for entry in entries {
            assert!(Alias::parse(&entry.id).is_ok(), "{} is no alias", entry.id);
            assert!(entry.homepage.starts_with("https://"), "{}", entry.id);
            assert!(entry.inputs.iter().all(|input| !input.help.is_empty()), "{}", entry.id);
            let values: Vec<&String> = match &entry.transport {
                CatalogTransportView::Stdio { args, env, .. } => args.iter().chain(env.values()).collect(),
                CatalogTransportView::StreamableHttp { url, headers } => {
                    assert!(url.starts_with("https://"), "{}", entry.id);
                    headers.values().collect()
                }
            };
            let used: HashSet<&str> = values.iter().flat_map(|value| inputs_of(value)).collect();
            let declared: HashSet<&str> = entry.inputs.iter().map(|input| input.name.as_str()).collect();
            assert_eq!(used, declared, "{}: what is used is what is asked for", entry.id);
        }
    }

    fn inputs_of(text: &str) -> Vec<&str> {
        text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }
}
