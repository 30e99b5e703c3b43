//! What all lists have in common: which page is asked for, and how it is returned.

use std::borrow::Cow;
use std::marker::PhantomData;

use application::{Page, Paging};
use domain::ValidationError;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, Ref, Schema, SchemaFormat, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::fields::{Description, Field, FieldValue, Fields, Flat, Optional, Presence, TextShape};

/// Items on a page unless the request says how many.
const DEFAULT_PAGE_SIZE: u64 = 20;
/// Most items on a page.
const MAX_PAGE_SIZE: u64 = 100;
/// Most pages by number. After the last one, a cursor goes on.
const MAX_PAGE: u64 = 10_000;
/// Most items that are passed over: as many as by pages.
const MAX_SKIP: u64 = MAX_PAGE * MAX_PAGE_SIZE;
/// Most characters of a cursor.
const MAX_CURSOR_LENGTH: usize = 1024;

crate::fields! {
    /// Which page: by `cursor`, by `skip`, or by `page`.
    pub(crate) PagingQuery as "Paging" -> Paging {
        /// Most items on the page, 20 where it is absent. Not together with `page` and `size`.
        limit: Without<PageSize, Numbers>,
        /// `next_cursor` of the previous page, of the same list in the same order and under the same filters. Not
        /// together with `skip`, `page` and `size`.
        cursor: Without<Cursor, SkipAndNumbers>,
        /// How many items to pass over, instead of a cursor. Not together with `page` and `size`.
        skip: Without<WholeNumber<0, MAX_SKIP>, Numbers>,
        /// Whether to count all items that fit. With `skip` or `page` they always are.
        count: Optional<Count>,
        /// The page's number, from 1, instead of a cursor. A page after the last one is empty.
        page: Optional<WholeNumber<1, MAX_PAGE>>,
        /// Most items on the page, with `page`; 20 where it is absent.
        size: Optional<PageSize>,
    }
    build {
        let limit = limit.unwrap_or(DEFAULT_PAGE_SIZE);
        match (page, size, skip) {
            (None, None, None) => Paging::Cursor { cursor, limit, count: count.unwrap_or(false) },
            (None, None, Some(skip)) => Paging::Skip { skip, limit },
            _ => Paging::Number { page: page.unwrap_or(1), size: size.unwrap_or(DEFAULT_PAGE_SIZE) },
        }
    }
}

/// The page of a list, as all lists have it.
pub(crate) type AnyPage = Flat<PagingQuery>;

/// A parameter that does not go together with some that stand behind it in the list.
struct Without<T, O>(PhantomData<(T, O)>);

/// Parameters that another one excludes.
trait Excluded {
    const NAMES: &'static [&'static str];
    const FAULT: &'static str;
}

enum Numbers {}

enum SkipAndNumbers {}

impl Excluded for Numbers {
    const NAMES: &'static [&'static str] = &["page", "size"];
    const FAULT: &'static str = "This must not be combined with 'page' and 'size'.";
}

impl Excluded for SkipAndNumbers {
    const NAMES: &'static [&'static str] = &["skip", "page", "size"];
    const FAULT: &'static str = "This must not be combined with 'skip', 'page' and 'size'.";
}

impl<T: FieldValue, O: Excluded> Presence for Without<T, O> {
    type Value = Option<T::Value>;

    fn take(fields: &mut Fields<'_>, name: &str) -> Option<Self::Value> {
        let is_excluded = O::NAMES.iter().any(|other| fields.has(other));
        if is_excluded && fields.take(name).is_some() {
            fields.note(name, "conflicting", O::FAULT);
            return None;
        }
        Optional::<T>::take(fields, name)
    }

    fn describe(description: &mut Description, name: &str, doc: &[&str]) {
        Optional::<T>::describe(description, name, doc);
    }
}

/// `bool`, described with its default.
enum Count {}

impl FieldValue for Count {
    type Value = bool;

    fn read(field: Field<'_>) -> Option<bool> {
        bool::read(field)
    }

    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Boolean).default(Some(false.into())).into()
    }
}

/// A whole number from `MIN` to `MAX`.
enum WholeNumber<const MIN: u64, const MAX: u64> {}

/// How many items a page has at most.
enum PageSize {}

/// Where a page starts. The use case knows whether it is one.
enum Cursor {}

impl<const MIN: u64, const MAX: u64> FieldValue for WholeNumber<MIN, MAX> {
    type Value = u64;

    fn read(field: Field<'_>) -> Option<u64> {
        field.text(|text| {
            // `parse` would take "+1".
            let number = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let number = number.and_then(|text| text.parse().ok()).filter(|number| (MIN..=MAX).contains(number));
            let message = || format!("This field must be a whole number from {MIN} to {MAX}.");
            number.ok_or_else(|| ValidationError::new("out_of_range", message()))
        })
    }

    fn schema() -> RefOr<Schema> {
        whole_number(MIN, Some(MAX)).into()
    }
}

impl FieldValue for PageSize {
    type Value = u64;

    fn read(field: Field<'_>) -> Option<u64> {
        WholeNumber::<1, MAX_PAGE_SIZE>::read(field)
    }

    fn schema() -> RefOr<Schema> {
        // It has no `default`: clients that send defaults would send `limit` and `size` at once.
        whole_number(1, Some(MAX_PAGE_SIZE)).into()
    }
}

impl FieldValue for Cursor {
    type Value = String;

    fn read(field: Field<'_>) -> Option<String> {
        String::read(field)
    }

    fn schema() -> RefOr<Schema> {
        TextShape::ANY.length(1, MAX_CURSOR_LENGTH).pattern("^[A-Za-z0-9_-]+$").schema()
    }
}

fn whole_number(min: u64, max: Option<u64>) -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)).minimum(Some(min)).maximum(max)
}

/// A page of a list. In the OpenAPI document it has the name of its items: `UserPage`.
#[derive(Serialize)]
pub(crate) struct PageBody<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<u64>,
}

impl<I, T: From<I>> From<Page<I>> for PageBody<T> {
    fn from(found: Page<I>) -> Self {
        let [skip, limit, page, size] = match found.paging {
            Paging::Cursor { .. } => [None; 4],
            Paging::Skip { skip, limit } => [Some(skip), Some(limit), None, None],
            Paging::Number { page, size } => [None, None, Some(page), Some(size)],
        };
        Self {
            items: found.items.into_iter().map(T::from).collect(),
            next_cursor: found.next_cursor,
            total: found.total,
            skip,
            limit,
            page,
            size,
            pages: size.zip(found.total).map(|(size, total)| total.div_ceil(size)),
        }
    }
}

impl<T: ToSchema> PartialSchema for PageBody<T> {
    fn schema() -> RefOr<Schema> {
        let number = |doc: &str| whole_number(0, None).description(Some(doc).filter(|doc| !doc.is_empty()));
        let text_or_null = SchemaType::from_iter([Type::String, Type::Null]);
        let cursor = "Where the next page starts; `null` on the last one, and for pages by `skip` or by number.";
        ObjectBuilder::new()
            .description(Some("A page of a list."))
            .property("items", ArrayBuilder::new().items(Ref::from_schema_name(T::name())))
            .property("next_cursor", ObjectBuilder::new().schema_type(text_or_null).description(Some(cursor)))
            .property("total", number("How many items fit, if it was asked for."))
            .property("skip", number("For pages by `skip`, as is the next one."))
            .property("limit", number(""))
            .property("page", number("For pages by number, as are the next two."))
            .property("size", number(""))
            .property("pages", number("How many pages there are."))
            .required("items")
            .required("next_cursor")
            .into()
    }
}

impl<T: ToSchema> ToSchema for PageBody<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}
