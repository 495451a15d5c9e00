//! What one server offers, as last seen. A snapshot: a refresh makes a new one.

pub(crate) mod fetch;
mod flaw;
pub(crate) mod freshness;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use orch_domain::Timestamp;
use orch_domain::catalog::{CatalogItem, ItemKind, StoredCatalog};
use orch_domain::id::ServerId;
use orch_domain::policy::hints::{Hint, Hints};
use orch_domain::project::FlawedTools;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::MethodName;
use orch_mcp::raw::Raw;
use orch_mcp::{headers, object, tasks};

use self::flaw::Flaw;
use self::freshness::Freshness;

/// The last good state of a server's lists.
#[derive(Debug)]
pub struct Catalog {
    pub hello: ServerHello,
    pub fetched_at: Timestamp,
    lists: [Vec<Item>; 4],
    pub(crate) fresh: Freshness,
    /// What the tools say of themselves, by name; made when it is first asked for.
    hints: OnceLock<HashMap<String, Hints>>,
    /// Tools that are run only as tasks; looked for when that is first asked.
    task_tools: OnceLock<HashSet<String>>,
    /// The `inputSchema` of tools that may want arguments as headers, by name; looked for when that is first asked.
    mirroring: OnceLock<HashMap<String, Raw>>,
}

/// A listed thing: its definition as the server wrote it, and the part of it that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub name: String,
    pub definition: Raw,
    /// What strict clients refuse of it.
    flaw: Option<Arc<Flaw>>,
}

/// So many tools are looked at before others have their turn.
const TOOLS_AT_ONCE: usize = 32;

impl Item {
    /// Nothing is known of flaws yet.
    pub(crate) const fn new(name: String, definition: Raw) -> Self {
        Self { name, definition, flaw: None }
    }

    /// The definition as clients get it; None when they do not.
    pub(crate) fn shown(&self, choice: FlawedTools) -> Option<&Raw> {
        match (&self.flaw, choice) {
            (None, _) | (Some(_), FlawedTools::Pass) => Some(&self.definition),
            (Some(flaw), FlawedTools::Repair) => Some(&flaw.repaired),
            (Some(_), FlawedTools::Hide) => None,
        }
    }

    fn examine(&mut self) {
        self.flaw = flaw::find(&self.definition).map(Arc::new);
    }
}

/// Looks for flaws in tools that are not what they were in `last`.
pub(crate) async fn examine(tools: &mut [Item], last: Option<&Catalog>) {
    let known: HashMap<&str, &Item> =
        last.iter().flat_map(|last| last.list(ItemKind::Tool)).map(|item| (item.name.as_str(), item)).collect();
    for tools in tools.chunks_mut(TOOLS_AT_ONCE) {
        for tool in tools.iter_mut() {
            match known.get(tool.name.as_str()) {
                Some(known) if known.definition == tool.definition => tool.flaw.clone_from(&known.flaw),
                _ => tool.examine(),
            }
        }
        tokio::task::yield_now().await;
    }
}

/// How the four kinds of lists look on the wire.
pub(crate) struct ListShape {
    pub(crate) method: MethodName,
    /// The member of the result that holds the items.
    pub(crate) member: &'static str,
    /// The member of an item that names it.
    pub(crate) key: &'static str,
    /// The capability that promises the list.
    pub(crate) capability: &'static str,
}

pub(crate) const fn shape(kind: ItemKind) -> ListShape {
    match kind {
        ItemKind::Tool => ListShape {
            method: MethodName::from_static("tools/list"),
            member: "tools",
            key: "name",
            capability: "tools",
        },
        ItemKind::Prompt => ListShape {
            method: MethodName::from_static("prompts/list"),
            member: "prompts",
            key: "name",
            capability: "prompts",
        },
        ItemKind::Resource => ListShape {
            method: MethodName::from_static("resources/list"),
            member: "resources",
            key: "uri",
            capability: "resources",
        },
        ItemKind::Template => ListShape {
            method: MethodName::from_static("resources/templates/list"),
            member: "resourceTemplates",
            key: "uriTemplate",
            capability: "resources",
        },
    }
}

const fn index(kind: ItemKind) -> usize {
    match kind {
        ItemKind::Tool => 0,
        ItemKind::Prompt => 1,
        ItemKind::Resource => 2,
        ItemKind::Template => 3,
    }
}

impl Catalog {
    #[must_use]
    pub fn empty(hello: ServerHello, fetched_at: Timestamp) -> Self {
        let lists = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        Self {
            hello,
            fetched_at,
            lists,
            fresh: Freshness::default(),
            hints: OnceLock::new(),
            task_tools: OnceLock::new(),
            mirroring: OnceLock::new(),
        }
    }

    /// The items of one kind in the server's order.
    #[must_use]
    pub fn list(&self, kind: ItemKind) -> &[Item] {
        self.lists.get(index(kind)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn set_list(&mut self, kind: ItemKind, items: Vec<Item>) {
        if let Some(list) = self.lists.get_mut(index(kind)) {
            *list = items;
            self.hints = OnceLock::new();
            self.task_tools = OnceLock::new();
            self.mirroring = OnceLock::new();
        }
    }

    /// What a tool says of itself.
    #[must_use]
    pub fn hints(&self, tool: &str) -> Hints {
        let all = self.hints.get_or_init(|| {
            self.list(ItemKind::Tool).iter().map(|item| (item.name.clone(), hints_of(&item.definition))).collect()
        });
        all.get(tool).copied().unwrap_or(Hints::UNSAID)
    }

    /// The tools that are run only as tasks.
    pub(crate) fn task_tools(&self) -> &HashSet<String> {
        self.task_tools.get_or_init(|| {
            let required = self.list(ItemKind::Tool).iter().filter(|item| tasks::is_required(&item.definition));
            required.map(|item| item.name.clone()).collect()
        })
    }

    /// The schemas of tools that may want arguments as headers: nearly always none.
    pub(crate) fn mirroring(&self) -> &HashMap<String, Raw> {
        self.mirroring.get_or_init(|| {
            let tools = self.list(ItemKind::Tool).iter().filter(|item| headers::may_mirror(&item.definition));
            let schema = |item: &Item| Some((item.name.clone(), object::member(&item.definition, "inputSchema")?));
            tools.filter_map(schema).collect()
        })
    }

    /// The whole list as the result of its method, on one page.
    #[must_use]
    pub(crate) fn page(&self, kind: ItemKind, choice: FlawedTools) -> Raw {
        page(kind, self.list(kind).iter().filter_map(|item| item.shown(choice)))
    }

    /// What strict clients refuse, by the item's name.
    pub(crate) fn flaws(&self, kind: ItemKind) -> BTreeMap<String, String> {
        let flawed = self.list(kind).iter().filter_map(|item| Some((item, item.flaw.as_ref()?)));
        flawed.map(|(item, flaw)| (item.name.clone(), flaw.reason.clone())).collect()
    }

    /// Whether a call of this tool does no harm when it is made twice, by the server's own word.
    pub(crate) fn may_be_repeated(&self, tool: &str) -> bool {
        self.hints(tool).has(Hint::Idempotent)
    }

    /// The items that were there in `old` already, and in other words.
    pub(crate) fn changed_since<'a>(&'a self, old: &'a Self, kind: ItemKind) -> impl Iterator<Item = &'a str> {
        let known: HashMap<&str, &Raw> =
            old.list(kind).iter().map(|item| (item.name.as_str(), &item.definition)).collect();
        let changed = move |item: &&Item| known.get(item.name.as_str()).is_some_and(|old| **old != item.definition);
        self.list(kind).iter().filter(changed).map(|item| item.name.as_str())
    }

    pub(crate) fn to_stored(&self, server_id: ServerId) -> StoredCatalog {
        let items = ItemKind::ALL
            .into_iter()
            .flat_map(|kind| {
                self.list(kind).iter().map(move |item| CatalogItem {
                    kind,
                    name: item.name.clone(),
                    definition: Arc::from(item.definition.as_str()),
                })
            })
            .collect();
        StoredCatalog {
            server_id,
            fetched_at: self.fetched_at,
            handshake: Arc::from(self.hello.write().as_str()),
            items,
        }
    }

    /// None when what is stored cannot be read; then it is fetched anew.
    pub(crate) fn from_stored(stored: &StoredCatalog) -> Option<Self> {
        let raw = |text: &Arc<str>| Raw::parse(bytes::Bytes::copy_from_slice(text.as_bytes())).ok();
        let mut catalog = Self::empty(ServerHello::restore(&raw(&stored.handshake)?)?, stored.fetched_at);
        for item in &stored.items {
            let definition = raw(&item.definition)?;
            let mut read = Item::new(item.name.clone(), definition);
            if item.kind == ItemKind::Tool {
                read.examine();
            }
            catalog.lists.get_mut(index(item.kind))?.push(read);
        }
        Some(catalog)
    }

    /// Whether the same things are offered in the same words.
    pub(crate) fn offers_the_same(&self, other: &Self) -> bool {
        self.hello == other.hello && self.lists == other.lists
    }
}

/// The annotations of a definition.
fn hints_of(definition: &Raw) -> Hints {
    let annotations = object::member(definition, "annotations");
    Hints::read(|hint| {
        let said = annotations.as_ref().and_then(|annotations| object::member(annotations, hint.annotation()))?;
        match said.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    })
}

pub(crate) fn page<'a>(kind: ItemKind, definitions: impl IntoIterator<Item = &'a Raw>) -> Raw {
    object::build([(shape(kind).member, &object::array(definitions))])
}
