//! Pages of lists.

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
    /// Where the next page starts; `None` on the last one.
    pub next_cursor: Option<String>,
    /// How many items fit in all, if asked for.
    pub total: Option<u64>,
}

impl Paging {
    /// Most items on the page.
    pub(crate) const fn limit(&self) -> u64 {
        match self {
            Self::Cursor { limit, .. } | Self::Skip { limit, .. } | Self::Number { size: limit, .. } => *limit,
        }
    }

    /// How many items to pass over.
    pub(crate) const fn offset(&self) -> u64 {
        match self {
            Self::Cursor { .. } => 0,
            Self::Skip { skip, .. } => *skip,
            Self::Number { page, size } => page.saturating_sub(1).saturating_mul(*size),
        }
    }

    /// Whether to count.
    pub(crate) const fn counts(&self) -> bool {
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
