//! Numbers for what calls have in common. Looked up once, then known; a number is kept only when the transaction that
//! gave it has been committed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use orch_domain::call::{Call, Outcome};
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, ServerId};
use orch_domain::usage::{Dimension, Item};
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::DOING;
use super::pieces::pieces;
use crate::chain::Hash;
use crate::chain::hash::{self, Shape, kind_number};
use crate::database::patient::Transaction;
use crate::entity::storable;
use crate::sql::{self, statement};
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
}

/// Compared with one after the other, which is cheaper than a hash only for few.
const RECENT: usize = 4;

/// Where the number of a call's shape comes from.
#[derive(Clone)]
enum Place {
    Known(Arc<Known>),
    /// The place among the fresh ones.
    Fresh(usize),
}

/// Shapes of a project that are looked up together, in the order of their calls.
#[derive(Default)]
struct Fresh<'a> {
    shapes: Vec<(Hash, Shape, &'a Call)>,
    places: HashMap<Hash, usize>,
}

impl<'a> Interner<'a> {
    pub(super) fn new(txn: &'a Transaction, known: Arc<Mutex<Interned>>) -> Self {
        Self { txn, known, learnt: Interned::default() }
    }

    pub(super) fn learnt(self) -> Interned {
        self.learnt
    }

    /// The shapes of calls of one project, in their order. What is not known is looked up and made for all of them at
    /// once: what a client calls itself may be another thing with each call. Under the lock of the project's chain, so
    /// that nobody else gives a number to the same.
    pub(super) async fn shapes(
        &mut self,
        project: ProjectId,
        calls: &[&Call],
        sweeps: i64,
    ) -> Result<Vec<Arc<Known>>, StoreError> {
        let mut fresh = Fresh::default();
        let mut places = Vec::with_capacity(calls.len());
        // The last calls of different shapes, so that not each of many alike is hashed.
        let mut recent: VecDeque<(&Call, Place)> = VecDeque::with_capacity(RECENT);
        for call in calls {
            if let Some((_, place)) = recent.iter().find(|(other, _)| are_alike(other, call)) {
                places.push(place.clone());
                continue;
            }
            let place = self.place(call, sweeps, &mut fresh);
            recent.truncate(RECENT - 1);
            recent.push_front((call, place.clone()));
            places.push(place);
        }
        let made = self.learn(project, &fresh.shapes, sweeps).await?;
        let shape = |place| match place {
            Place::Known(known) => Ok(known),
            Place::Fresh(at) => made.get(at).map(Arc::clone).ok_or(UNNUMBERED),
        };
        places.into_iter().map(shape).collect()
    }

    fn place<'c>(&self, call: &'c Call, sweeps: i64, fresh: &mut Fresh<'c>) -> Place {
        let shape = Shape::of(call);
        let digest = shape.digest();
        if let Some(known) = self.learnt.shapes.get(&digest) {
            return Place::Known(Arc::clone(known));
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).shapes.get(&digest).cloned();
        if let Some(known) = known.filter(|known| known.sweeps == sweeps) {
            return Place::Known(known);
        }
        let Fresh { shapes, places } = fresh;
        Place::Fresh(*places.entry(digest).or_insert_with(|| {
            shapes.push((digest, shape, call));
            shapes.len() - 1
        }))
    }

    async fn learn(
        &mut self,
        project: ProjectId,
        fresh: &[(Hash, Shape, &Call)],
        sweeps: i64,
    ) -> Result<Vec<Arc<Known>>, StoreError> {
        if fresh.is_empty() {
            return Ok(Vec::new());
        }
        let ids = self.shape_ids(fresh).await?;
        let items = self.items(project, fresh).await?;
        let mut made = Vec::with_capacity(fresh.len());
        for ((digest, ..), items) in fresh.iter().zip(items) {
            let id = *ids.get(digest).ok_or(UNNUMBERED)?;
            let known = Arc::new(Known { id, digest: *digest, items, sweeps });
            self.learnt.shapes.insert(*digest, Arc::clone(&known));
            made.push(known);
        }
        Ok(made)
    }

    async fn shape_ids(&self, fresh: &[(Hash, Shape, &Call)]) -> Result<HashMap<Hash, i64>, StoreError> {
        let backend = self.txn.get_database_backend();
        let mut ids = HashMap::with_capacity(fresh.len());
        for piece in pieces(fresh) {
            let places = sql::rows(backend, 1, piece.len());
            let find = format!("SELECT id, digest FROM call_shapes WHERE digest IN {places}");
            let values = piece.iter().map(|(digest, ..)| digest.to_vec().into());
            self.numbers(&find, values.collect(), unavailable(DOING), &mut ids).await?;
        }
        let missing: Vec<_> = fresh.iter().filter(|(digest, ..)| !ids.contains_key(digest)).collect();
        for piece in pieces(&missing) {
            let insert = format!(
                "INSERT INTO call_shapes (digest, project_id, user_id, key_id, client, server_id, server, kind, target, \
                 outcome, reason, rule_id) VALUES {} RETURNING id, digest",
                sql::rows(backend, piece.len(), SHAPE_COLUMNS)
            );
            let values = piece.iter().flat_map(|(digest, shape, _)| shape_values(digest, shape));
            self.numbers(&insert, values.collect(), super::refused, &mut ids).await?;
        }
        Ok(ids)
    }

    /// The numbers of what the calls of each shape count for.
    async fn items(&mut self, project: ProjectId, fresh: &[(Hash, Shape, &Call)]) -> Result<Vec<[i64; 6]>, StoreError> {
        let wanted: Vec<_> = fresh.iter().map(|(_, _, call)| (*call, Item::all_of(call).map(keyed))).collect();
        let mut ids = HashMap::new();
        let mut unknown = BTreeSet::new();
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for (item, digest) in wanted.iter().flat_map(|(_, items)| items) {
                // Where it may end up.
                let rest = (!is_always_told_apart(item)).then(|| keyed(Item::Other(item.dimension())).1);
                for digest in [Some(*digest), rest].into_iter().flatten() {
                    let key = (project, digest);
                    match self.learnt.items.get(&key).or_else(|| known.items.get(&key)) {
                        Some(id) => drop(ids.insert(digest, *id)),
                        None => drop(unknown.insert(digest)),
                    }
                }
            }
        }
        let unknown: Vec<_> = unknown.into_iter().collect();
        for piece in pieces(&unknown) {
            let places = sql::rows(self.txn.get_database_backend(), 1, piece.len());
            let after = piece.len() + 1;
            let find = format!("SELECT id, digest FROM usage_items WHERE digest IN {places} AND project_id = ${after}");
            let mut values: Vec<Value> = piece.iter().map(|digest| digest.to_vec().into()).collect();
            values.push(project.as_uuid().into());
            self.numbers(&find, values, unavailable(DOING), &mut ids).await?;
        }
        let is_new = |(item, digest): &Keyed| !is_always_told_apart(item) && !ids.contains_key(digest);
        let has_new = wanted.iter().any(|(_, items)| items.iter().any(is_new));
        let room = if has_new { self.room(project).await? } else { BTreeMap::new() };
        let (counted, new) = told_apart(wanted, &ids, room);
        self.make_items(project, &new, &mut ids).await?;
        self.learnt.items.extend(ids.iter().map(|(digest, id)| ((project, *digest), *id)));
        let number = |digest: &Hash| ids.get(digest).copied().ok_or(UNNUMBERED);
        counted
            .iter()
            .map(|digests| {
                let mut numbers = [0; 6];
                for (place, digest) in numbers.iter_mut().zip(digests) {
                    *place = number(digest)?;
                }
                Ok(numbers)
            })
            .collect()
    }

    /// How many more things can be told apart in each dimension in which that is bounded.
    async fn room(&self, project: ProjectId) -> Result<BTreeMap<i16, i64>, StoreError> {
        let bounded = BOUNDED.map(dimension_number);
        let mut room = BTreeMap::from(bounded.map(|dimension| (dimension, MOST_ITEMS)));
        let [one, other] = bounded;
        let count = "SELECT dimension, COUNT(*) AS items FROM usage_items WHERE project_id = $1 AND \
                     dimension IN ($2, $3) GROUP BY dimension";
        let count = statement(self.txn, count, [project.as_uuid().into(), one.into(), other.into()]);
        for row in self.txn.query_all_raw(count).await.map_err(unavailable(DOING))? {
            let dimension: i16 = row.try_get("", "dimension").map_err(unavailable(DOING))?;
            let items: i64 = row.try_get("", "items").map_err(unavailable(DOING))?;
            room.insert(dimension, MOST_ITEMS - items);
        }
        Ok(room)
    }

    async fn make_items(
        &self,
        project: ProjectId,
        new: &[(Keyed, &Call)],
        ids: &mut HashMap<Hash, i64>,
    ) -> Result<(), StoreError> {
        for piece in pieces(new) {
            let insert = format!(
                "INSERT INTO usage_items (project_id, dimension, digest, server_id, kind, ref_id, label, is_rest) \
                 VALUES {} RETURNING id, digest",
                sql::rows(self.txn.get_database_backend(), piece.len(), ITEM_COLUMNS)
            );
            let values = piece.iter().flat_map(|(keyed, call)| item_values(project, keyed, call));
            self.numbers(&insert, values.collect(), super::refused, ids).await?;
        }
        Ok(())
    }

    /// Notes the numbers of what a statement gives.
    async fn numbers(
        &self,
        sql: &str,
        values: Vec<Value>,
        failed: impl FnOnce(DbErr) -> StoreError,
        ids: &mut HashMap<Hash, i64>,
    ) -> Result<(), StoreError> {
        for row in self.txn.query_all_raw(statement(self.txn, sql, values)).await.map_err(failed)? {
            let digest = sql::hash(&row, "digest").map_err(unavailable(DOING))?;
            ids.insert(digest, row.try_get("", "id").map_err(unavailable(DOING))?);
        }
        Ok(())
    }
}

const UNNUMBERED: StoreError = StoreError::Missing { what: "the number that was just given" };

/// A thing that calls are counted for, and its digest.
type Keyed = (Item, Hash);

fn keyed(item: Item) -> Keyed {
    let digest = hash::item(&item);
    (item, digest)
}

/// Dimensions in which not everything is told apart.
const BOUNDED: [Dimension; 2] = [Dimension::Tool, Dimension::Client];

fn is_always_told_apart(item: &Item) -> bool {
    !BOUNDED.contains(&item.dimension())
}

/// A name that was refused, or that nobody looked up as a limit was reached, may be anything.
fn is_made_up(call: &Call, item: &Item) -> bool {
    matches!(item, Item::Tool { .. })
        && (matches!(call.outcome, Outcome::Refused | Outcome::Limited) || call.server_counted().is_none())
}

/// What the calls of each shape count for in the end, in their order, and what of it is new. What may not be told apart,
/// or finds no room any more, is counted with the rest; not for good, as what was refused to one is called by another.
fn told_apart<'a>(
    wanted: Vec<(&'a Call, [Keyed; 6])>,
    ids: &HashMap<Hash, i64>,
    mut room: BTreeMap<i16, i64>,
) -> (Vec<[Hash; 6]>, Vec<(Keyed, &'a Call)>) {
    let mut new: Vec<(Keyed, &Call)> = Vec::new();
    let mut made: HashSet<Hash> = HashSet::new();
    let mut counted = Vec::with_capacity(wanted.len());
    for (call, items) in wanted {
        counted.push(items.map(|(item, digest)| {
            let dimension = dimension_number(item.dimension());
            let is_there = |digest: &Hash| ids.contains_key(digest) || made.contains(digest);
            let has_room = || room.get(&dimension).is_none_or(|room| *room > 0);
            let (item, digest) = if is_there(&digest) || (!is_made_up(call, &item) && has_room()) {
                (item, digest)
            } else {
                keyed(Item::Other(item.dimension()))
            };
            if !is_there(&digest) {
                made.insert(digest);
                new.push(((item, digest), call));
                if let Some(room) = room.get_mut(&dimension) {
                    *room -= 1;
                }
            }
            digest
        }));
    }
    (counted, new)
}

const SHAPE_COLUMNS: usize = 12;

fn shape_values(digest: &Hash, shape: &Shape) -> [Value; SHAPE_COLUMNS] {
    [
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
    ]
}

const ITEM_COLUMNS: usize = 8;

fn item_values(project: ProjectId, (item, digest): &Keyed, call: &Call) -> [Value; ITEM_COLUMNS] {
    let (server, kind, reference, label) = match item {
        Item::Project | Item::Other(_) => (None, None, None, String::new()),
        Item::Server(Some(server)) => (Some(*server), None, None, storable(&call.server)),
        Item::Server(None) => (None, None, None, String::new()),
        Item::Tool { server, kind, name } => (*server, Some(kind_number(*kind)), None, storable(name)),
        Item::User(user) => (None, None, Some(user.as_uuid()), String::new()),
        Item::Key(key) => (None, None, key.map(KeyId::as_uuid), String::new()),
        Item::Client(name) => (None, None, None, storable(name)),
    };
    [
        project.as_uuid().into(),
        dimension_number(item.dimension()).into(),
        digest.to_vec().into(),
        server.map(ServerId::as_uuid).into(),
        kind.into(),
        reference.into(),
        label.into(),
        matches!(item, Item::Other(_)).into(),
    ]
}

/// Whether two calls have the same shape: all of [`Shape::of`] before it is made fit to be stored.
fn are_alike(one: &Call, other: &Call) -> bool {
    let ids = |call: &Call| (call.project_id, call.user_id, call.key_id, call.server_id, call.kind);
    ids(one) == ids(other)
        && one.outcome.kind() == other.outcome.kind()
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
