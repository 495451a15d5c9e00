//! The unified views that were made last, each kept for as long as it is true. Knows no client and no policy: who sees
//! the same has the same key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use orch_domain::directory::ProjectFacts;
use orch_domain::id::ProjectId;

use crate::view::View;

/// Views that a cache keeps; with more of them all are made anew.
const MAX_VIEWS: usize = 256;

pub(crate) struct ViewCache<K> {
    kept: RwLock<HashMap<K, Kept>>,
}

struct Kept {
    /// Of the catalogs.
    version: u64,
    project: Arc<ProjectFacts>,
    view: Arc<View>,
}

impl<K: Eq + Hash> ViewCache<K> {
    /// The view for `key`, made only where none is kept or it is out of date. `version` is the one of a project's
    /// catalogs now. Nobody else waits while a view is made.
    pub(crate) fn get(
        &self,
        key: K,
        project: &Arc<ProjectFacts>,
        version: impl Fn(ProjectId) -> u64,
        make: impl FnOnce() -> View,
    ) -> Arc<View> {
        // Before the catalogs are read: what changes meanwhile makes the view out of date.
        let now = version(project.project.id);
        {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = kept.get(&key)
                && found.version == now
                && Arc::ptr_eq(&found.project, project)
            {
                return Arc::clone(&found.view);
            }
        }
        let view = Arc::new(make());
        let made = Kept { version: now, project: Arc::clone(project), view: Arc::clone(&view) };
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        // What is out of date would be made anew anyway, and may be of a project that is gone.
        kept.retain(|_, other| other.version == version(other.project.project.id));
        if kept.len() >= MAX_VIEWS {
            kept.clear();
        }
        kept.insert(key, made);
        view
    }
}

impl<K> Default for ViewCache<K> {
    fn default() -> Self {
        Self { kept: RwLock::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};
    use std::sync::Arc;

    use orch_domain::directory::ProjectFacts;
    use orch_domain::quota::Limits;
    use orch_testkit::builders::a_project;

    use super::{MAX_VIEWS, ViewCache};
    use crate::view::View;

    fn some_project() -> Arc<ProjectFacts> {
        Arc::new(ProjectFacts {
            project: a_project().build(),
            members: HashMap::new(),
            teams: HashMap::new(),
            servers: BTreeMap::new(),
            keys: Vec::new(),
            policy: Arc::default(),
            limits: Limits::default(),
            personal: HashMap::new(),
        })
    }

    /// Whether the view had to be made.
    fn makes(cache: &ViewCache<usize>, key: usize, project: &Arc<ProjectFacts>, version: u64) -> bool {
        let mut made = false;
        cache.get(
            key,
            project,
            |_| version,
            || {
                made = true;
                View::new(project, |_| None, |_, _, _, _| true)
            },
        );
        made
    }

    #[test]
    fn a_view_is_made_anew_when_a_catalog_or_the_project_changed_and_only_then() {
        let (cache, project) = (ViewCache::default(), some_project());
        assert!(makes(&cache, 0, &project, 1));
        assert!(!makes(&cache, 0, &project, 1));
        assert!(makes(&cache, 1, &project, 1), "others see something else");
        assert!(makes(&cache, 0, &project, 2));
        assert!(makes(&cache, 0, &Arc::new(ProjectFacts::clone(&project)), 2));
    }

    #[test]
    fn what_is_out_of_date_is_not_kept() {
        let (cache, project) = (ViewCache::default(), some_project());
        makes(&cache, 0, &project, 1);
        makes(&cache, 1, &project, 2);
        assert_eq!(cache.kept.read().unwrap().keys().collect::<Vec<_>>(), [&1]);
    }

    #[test]
    fn there_are_never_more_than_the_bound() {
        let (cache, project) = (ViewCache::default(), some_project());
        for key in 0..=MAX_VIEWS {
            makes(&cache, key, &project, 1);
            assert!(cache.kept.read().unwrap().len() <= MAX_VIEWS);
        }
        assert!(!makes(&cache, MAX_VIEWS, &project, 1), "the newest is kept");
    }
}
