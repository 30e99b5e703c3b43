//! Pages of lists.

use domain::StoreError;

use crate::ApplicationError;

/// Which page of a list. The caller bounds the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paging {
    /// From where the last page ended. The last page costs what the first one costs.
    Cursor {
        /// [`Page::next_cursor`] of the previous page; `None` for the first.
        cursor: Option<String>,
        /// Most items on the page.
        limit: u64,
        /// Whether to count all items that fit, too.
        count: bool,
    },
    /// After a number of items, which costs as much as these. It always counts.
    Skip {
        /// How many items to pass over.
        skip: u64,
        /// Most items on the page.
        limit: u64,
    },
    /// By number, from 1. Page *n* costs as much as the *n* − 1 before it, and always counts.
    Number {
        /// Which page.
        page: u64,
        /// Most items on the page.
        size: u64,
    },
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts; `None` on the last one, and where the page was not asked for by [`Paging::Cursor`].
    pub next_cursor: Option<String>,
    /// How many items fit in all, if asked for.
    pub total: Option<u64>,
    /// How it was asked for.
    pub paging: Paging,
}

impl Paging {
    /// Most items to fetch for [`Paging::page`]: one more than fit on it tells whether there is a next page.
    pub(crate) const fn limit(&self) -> u64 {
        self.size().saturating_add(1)
    }

    /// How many items to pass over.
    pub(crate) const fn offset(&self) -> u64 {
        match self {
            Self::Cursor { .. } => 0,
            Self::Skip { skip, .. } => *skip,
            Self::Number { page, size } => page.saturating_sub(1).saturating_mul(*size),
        }
    }

    /// The page of what was `fetched`. `cursor` is that of the page after an item, and `count` is awaited only if the
    /// page counts.
    pub(crate) async fn page<T>(
        self,
        mut fetched: Vec<T>,
        cursor: impl FnOnce(&T) -> String,
        count: impl Future<Output = Result<u64, StoreError>>,
    ) -> Result<Page<T>, ApplicationError> {
        let size = usize::try_from(self.size()).unwrap_or(usize::MAX);
        let has_next = fetched.len() > size;
        fetched.truncate(size);
        let leads_on = has_next && matches!(self, Self::Cursor { .. });
        let next_cursor = fetched.last().filter(|_| leads_on).map(cursor);
        let total = if self.counts() { Some(count.await?) } else { None };
        Ok(Page { items: fetched, next_cursor, total, paging: self })
    }

    /// Most items on the page.
    const fn size(&self) -> u64 {
        match self {
            Self::Cursor { limit, .. } | Self::Skip { limit, .. } | Self::Number { size: limit, .. } => *limit,
        }
    }

    /// Whether to count.
    const fn counts(&self) -> bool {
        matches!(self, Self::Cursor { count: true, .. } | Self::Skip { .. } | Self::Number { .. })
    }

    /// Where the page starts.
    pub(crate) fn cursor(&self) -> Option<&str> {
        match self {
            Self::Cursor { cursor, .. } => cursor.as_deref(),
            Self::Skip { .. } | Self::Number { .. } => None,
        }
    }
}
