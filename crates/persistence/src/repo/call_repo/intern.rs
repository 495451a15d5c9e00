//! Numbers for what calls have in common. Looked up once, then known; a number is kept only when the transaction that
//! gave it has been committed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use orch_domain::call::{Call, Outcome};
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, ServerId};
use orch_domain::usage::{Dimension, Item};
use sea_orm::{ConnectionTrait, Value};

use super::DOING;
use crate::chain::Hash;
use crate::chain::hash::{self, Shape, kind_number, outcome_number};
use crate::database::patient::Transaction;
use crate::entity::storable;
use crate::sql::statement;
use crate::store_error::unavailable;

/// More is forgotten and looked up again: a client may call anything by any name.
const MOST_KNOWN: usize = 50_000;
/// So many things of a project and dimension are told apart; what comes later is counted together.
const MOST_ITEMS: i64 = 2000;

/// A shape with its number, and the numbers of what its calls count for.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) digest: Hash,
    pub(super) items: [i64; 6],
    /// How often the chain had been swept by then: the number of a shape may be gone after the next time.
    sweeps: i64,
}

#[derive(Debug, Default)]
pub(super) struct Interned {
    shapes: HashMap<Hash, Arc<Known>>,
    items: HashMap<(ProjectId, Hash), i64>,
}

impl Interned {
    pub(super) fn extend(&mut self, more: Self) {
        if self.shapes.len() + more.shapes.len() > MOST_KNOWN {
            self.shapes.clear();
        }
        if self.items.len() + more.items.len() > MOST_KNOWN {
            self.items.clear();
        }
        self.shapes.extend(more.shapes);
        self.items.extend(more.items);
    }
}

pub(super) struct Interner<'a> {
    txn: &'a Transaction,
    known: Arc<Mutex<Interned>>,
    learnt: Interned,
    /// The last calls of different shapes, so that not each of many alike is hashed.
    recent: VecDeque<(&'a Call, Arc<Known>)>,
}

/// Compared with one after the other, which is cheaper than a hash only for few.
const RECENT: usize = 4;

impl<'a> Interner<'a> {
    pub(super) fn new(txn: &'a Transaction, known: Arc<Mutex<Interned>>) -> Self {
        Self { txn, known, learnt: Interned::default(), recent: VecDeque::with_capacity(RECENT) }
    }

    pub(super) fn learnt(self) -> Interned {
        self.learnt
    }

    /// Under the lock of the project's chain, so that nobody else gives a number to the same.
    pub(super) async fn shape(&mut self, call: &'a Call, sweeps: i64) -> Result<Arc<Known>, StoreError> {
        if let Some((_, known)) = self.recent.iter().find(|(other, _)| are_alike(other, call)) {
            return Ok(Arc::clone(known));
        }
        let known = self.hashed(call, sweeps).await?;
        self.recent.truncate(RECENT - 1);
        self.recent.push_front((call, Arc::clone(&known)));
        Ok(known)
    }

    async fn hashed(&mut self, call: &Call, sweeps: i64) -> Result<Arc<Known>, StoreError> {
        let shape = Shape::of(call);
        let digest = shape.digest();
        if let Some(known) = self.learnt.shapes.get(&digest) {
            return Ok(Arc::clone(known));
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).shapes.get(&digest).cloned();
        if let Some(known) = known.filter(|known| known.sweeps == sweeps) {
            return Ok(known);
        }
        let id = self.shape_id(&shape, &digest).await?;
        let mut items = [0; 6];
        for (number, item) in items.iter_mut().zip(Item::all_of(call)) {
            *number = self.item(call, &item).await?;
        }
        let known = Arc::new(Known { id, digest, items, sweeps });
        self.learnt.shapes.insert(digest, Arc::clone(&known));
        Ok(known)
    }

    async fn shape_id(&self, shape: &Shape, digest: &Hash) -> Result<i64, StoreError> {
        let find = "SELECT id FROM call_shapes WHERE digest = $1";
        if let Some(id) = self.id(find, vec![digest.to_vec().into()]).await? {
            return Ok(id);
        }
        let insert = "INSERT INTO call_shapes (digest, project_id, user_id, key_id, client, server_id, server, kind, \
                      target, outcome, reason, rule_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
                      RETURNING id";
        let values: Vec<Value> = vec![
            digest.to_vec().into(),
            shape.project_id.into(),
            shape.user_id.into(),
            shape.key_id.into(),
            shape.client.clone().into(),
            shape.server_id.into(),
            shape.server.clone().into(),
            shape.kind.into(),
            shape.target.clone().into(),
            shape.outcome.into(),
            shape.reason.into(),
            shape.rule_id.into(),
        ];
        self.made(insert, values).await
    }

    async fn item(&mut self, call: &Call, item: &Item) -> Result<i64, StoreError> {
        let key = (call.project_id, hash::item(item));
        if let Some(id) = self.learnt.items.get(&key) {
            return Ok(*id);
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).items.get(&key).copied();
        if let Some(id) = known {
            return Ok(id);
        }
        let id = match self.item_id(&key).await? {
            Some(id) => id,
            None if self.may_be_told_apart(call, item).await? => self.new_item(&key, call, item).await?,
            None => {
                let rest = Item::Other(item.dimension());
                let key = (call.project_id, hash::item(&rest));
                let id = match self.item_id(&key).await? {
                    Some(id) => id,
                    None => self.new_item(&key, call, &rest).await?,
                };
                // Not for good: what was refused to one is called by another.
                return Ok(id);
            }
        };
        self.learnt.items.insert(key, id);
        Ok(id)
    }

    async fn item_id(&self, (project, digest): &(ProjectId, Hash)) -> Result<Option<i64>, StoreError> {
        let find = "SELECT id FROM usage_items WHERE project_id = $1 AND digest = $2";
        self.id(find, vec![project.as_uuid().into(), digest.to_vec().into()]).await
    }

    /// A name that was refused, or that nobody looked up as a limit was reached, may be anything, and there is room for so
    /// many.
    async fn may_be_told_apart(&self, call: &Call, item: &Item) -> Result<bool, StoreError> {
        let is_name = matches!(item, Item::Tool { .. });
        if is_name && (matches!(call.outcome, Outcome::Refused | Outcome::Limited) || call.server_counted().is_none()) {
            return Ok(false);
        }
        if !matches!(item.dimension(), Dimension::Tool | Dimension::Client) {
            return Ok(true);
        }
        let count = "SELECT COUNT(*) AS id FROM usage_items WHERE project_id = $1 AND dimension = $2";
        let values = vec![call.project_id.as_uuid().into(), dimension_number(item.dimension()).into()];
        Ok(self.id(count, values).await?.unwrap_or_default() < MOST_ITEMS)
    }

    async fn new_item(
        &self,
        (project, digest): &(ProjectId, Hash),
        call: &Call,
        item: &Item,
    ) -> Result<i64, StoreError> {
        let (server, kind, reference, label) = match item {
            Item::Project | Item::Other(_) => (None, None, None, String::new()),
            Item::Server(Some(server)) => (Some(*server), None, None, storable(&call.server)),
            Item::Server(None) => (None, None, None, String::new()),
            Item::Tool { server, kind, name } => (*server, Some(kind_number(*kind)), None, storable(name)),
            Item::User(user) => (None, None, Some(user.as_uuid()), String::new()),
            Item::Key(key) => (None, None, key.map(KeyId::as_uuid), String::new()),
            Item::Client(name) => (None, None, None, storable(name)),
        };
        let insert = "INSERT INTO usage_items (project_id, dimension, digest, server_id, kind, ref_id, label, is_rest) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
        let values: Vec<Value> = vec![
            project.as_uuid().into(),
            dimension_number(item.dimension()).into(),
            digest.to_vec().into(),
            server.map(ServerId::as_uuid).into(),
            kind.into(),
            reference.into(),
            label.into(),
            matches!(item, Item::Other(_)).into(),
        ];
        self.made(insert, values).await
    }

    async fn id(&self, sql: &str, values: Vec<Value>) -> Result<Option<i64>, StoreError> {
        let row = self.txn.query_one_raw(statement(self.txn, sql, values)).await.map_err(unavailable(DOING))?;
        row.map(|row| row.try_get("", "id").map_err(unavailable(DOING))).transpose()
    }

    async fn made(&self, sql: &str, values: Vec<Value>) -> Result<i64, StoreError> {
        let row = self.txn.query_one_raw(statement(self.txn, sql, values)).await.map_err(super::refused)?;
        let row = row.ok_or(StoreError::Missing { what: "the number that was just given" })?;
        row.try_get("", "id").map_err(unavailable(DOING))
    }
}

/// Whether two calls have the same shape: all of [`Shape::of`] before it is made fit to be stored.
fn are_alike(one: &Call, other: &Call) -> bool {
    let ids = |call: &Call| (call.project_id, call.user_id, call.key_id, call.server_id, call.kind);
    ids(one) == ids(other)
        && outcome_number(one.outcome) == outcome_number(other.outcome)
        && one.refusal == other.refusal
        && (&one.target, &one.server, &one.client) == (&other.target, &other.server, &other.client)
}

pub(crate) const fn dimension_number(dimension: Dimension) -> i16 {
    match dimension {
        Dimension::Project => 0,
        Dimension::Server => 1,
        Dimension::Tool => 2,
        Dimension::User => 3,
        Dimension::Key => 4,
        Dimension::Client => 5,
    }
}
