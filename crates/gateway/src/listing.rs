//! Lists on the wire: the query of a page and the page itself.

use orch_domain::page::{Page, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api_error::ApiError;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageView<T> {
    /// In the order that the operation says.
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; null on the last.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// At most this many items, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl PageQuery {
    pub(crate) fn page(&self) -> Result<PageRequest, ApiError> {
        page(self.limit, self.cursor.as_deref())
    }
}

/// Which page of what is searched for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// Only items with this in what they are called, whatever the case; at most 100 characters.
    #[param(max_length = 100)]
    search: Option<String>,
    /// At most this many items, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl SearchQuery {
    pub(crate) fn page(&self) -> Result<PageRequest, ApiError> {
        page(self.limit, self.cursor.as_deref())
    }

    /// None when nothing is searched for.
    pub(crate) fn search(&self) -> Result<Option<String>, ApiError> {
        let text = self.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
        match text {
            Some(text) if text.chars().count() > 100 => {
                Err(ApiError::invalid("search", "it is too long", "use at most 100 characters"))
            }
            text => Ok(text.map(str::to_owned)),
        }
    }
}

/// The page that `limit` and `cursor` of a query ask for.
pub(crate) fn page(limit: Option<u32>, cursor: Option<&str>) -> Result<PageRequest, ApiError> {
    let limit = limit.unwrap_or(PageRequest::DEFAULT_LIMIT);
    if !(1..=PageRequest::MAX_LIMIT).contains(&limit) {
        return Err(ApiError::invalid("limit", "it is out of range", "use 1 to 200"));
    }
    let after = cursor.map(Uuid::parse_str).transpose().map_err(|_| {
        ApiError::invalid("cursor", "it is not a cursor of this list", "use next_cursor as it was given")
    })?;
    Ok(PageRequest::new(limit, after))
}

impl<T> PageView<T> {
    pub(crate) fn of<D>(page: Page<D>, view: impl FnMut(D) -> T) -> Self {
        let next_cursor = page.next.map(|next| next.simple().to_string());
        Self { items: page.items.into_iter().map(view).collect(), next_cursor }
    }

    /// A list that is always given as a whole.
    pub(crate) fn whole(items: impl IntoIterator<Item = T>) -> Self {
        Self { items: items.into_iter().collect(), next_cursor: None }
    }
}
