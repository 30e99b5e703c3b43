//! Whether a field may be absent, and whether it may be `null`.

use std::marker::PhantomData;

use super::schema::Rule;
use super::{Description, FieldList, FieldValue, Fields};

/// How a field is present in a list of fields.
pub trait Presence {
    /// What is made of the field.
    type Value;

    /// Takes the field. Returns `None` only when a fault was noted.
    fn take(fields: &mut Fields<'_>, name: &str) -> Option<Self::Value>;

    /// Describes the field. `doc` is its comment, line by line.
    fn describe(description: &mut Description, name: &str, doc: &[&str]);
}

/// A field that must be there, and not `null`.
pub struct Required<T>(PhantomData<T>);

/// A field that may be absent or `null`, which mean the same. It becomes an `Option`.
pub struct Optional<T>(PhantomData<T>);

/// A field that may be absent, but not `null`. It becomes an `Option`.
pub struct NotNull<T>(PhantomData<T>);

/// A field of a `PATCH` (RFC 7396) that may be absent, which leaves the value, or `null`, which clears it. It becomes
/// an `Option` in an `Option`: the outer one is `None` where the field is absent.
pub struct Clearable<T>(PhantomData<T>);

/// A field that nobody can change, present as `P` has it. A client may send it back as it read it: the use case
/// compares it with what is stored.
pub struct ReadOnly<P>(PhantomData<P>);

/// A text that may be absent. What it says is not looked at, and is forgotten.
pub enum Ignored {}

/// The fields of another list, in the same object: serde's `flatten`.
pub struct Flat<L>(PhantomData<L>);

impl<T: FieldValue> Presence for Required<T> {
    type Value = T::Value;

    fn take(fields: &mut Fields<'_>, name: &str) -> Option<T::Value> {
        match fields.take(name) {
            Some(field) => T::read(field),
            None => {
                fields.note(name, "required", "This field is required.");
                None
            }
        }
    }

    fn describe(description: &mut Description, name: &str, doc: &[&str]) {
        description.add::<T>(Rule::Required, name, doc);
    }
}

impl<T: FieldValue> Presence for Optional<T> {
    type Value = Option<T::Value>;

    fn take(fields: &mut Fields<'_>, name: &str) -> Option<Self::Value> {
        match fields.take(name).filter(|field| !field.is_null()) {
            Some(field) => T::read(field).map(Some),
            None => Some(None),
        }
    }

    fn describe(description: &mut Description, name: &str, doc: &[&str]) {
        description.add::<T>(Rule::Nullable, name, doc);
    }
}

impl<T: FieldValue> Presence for NotNull<T> {
    type Value = Option<T::Value>;

    fn take(fields: &mut Fields<'_>, name: &str) -> Option<Self::Value> {
        match fields.take(name) {
            Some(field) => T::read(field).map(Some),
            None => Some(None),
        }
    }

    fn describe(description: &mut Description, name: &str, doc: &[&str]) {
        description.add::<T>(Rule::NotNull, name, doc);
    }
}

impl<T: FieldValue> Presence for Clearable<T> {
    type Value = Option<Option<T::Value>>;

    fn take(fields: &mut Fields<'_>, name: &str) -> Option<Self::Value> {
        match fields.take(name) {
            Some(field) if field.is_null() => Some(Some(None)),
            Some(field) => T::read(field).map(|value| Some(Some(value))),
            None => Some(None),
        }
    }

    fn describe(description: &mut Description, name: &str, doc: &[&str]) {
        description.add::<T>(Rule::Nullable, name, doc);
    }
}

impl<P: Presence> Presence for ReadOnly<P> {
    type Value = P::Value;

    fn take(fields: &mut Fields<'_>, name: &str) -> Option<P::Value> {
        P::take(fields, name)
    }

    fn describe(description: &mut Description, name: &str, doc: &[&str]) {
        P::describe(description, name, doc);
        description.make_last_read_only();
    }
}

impl Presence for Ignored {
    type Value = ();

    fn take(fields: &mut Fields<'_>, name: &str) -> Option<()> {
        Optional::<String>::take(fields, name).map(drop)
    }

    fn describe(description: &mut Description, name: &str, doc: &[&str]) {
        Optional::<String>::describe(description, name, doc);
    }
}

impl<L: FieldList> Presence for Flat<L> {
    type Value = L::Value;

    fn take(fields: &mut Fields<'_>, _: &str) -> Option<L::Value> {
        L::read(fields)
    }

    fn describe(description: &mut Description, _: &str, _: &[&str]) {
        L::describe(description);
    }
}
