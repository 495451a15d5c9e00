//! Long lists in several pages. A cursor says where the next page begins and of which state of the list; whoever hands
//! it out seals it, so that what comes back was handed out.

use orch_mcp::object;
use orch_mcp::raw::Raw;

use crate::error::CallError;

/// A place in a list, and the list it is a place in.
struct Cursor {
    at: usize,
    list: u32,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (at, list) = text.split_once('.')?;
        Some(Self { at: at.parse().ok()?, list: u32::from_str_radix(list, 16).ok()? })
    }

    fn write(&self) -> String {
        format!("{}.{:08x}", self.at, self.list)
    }
}

/// The page of a whole list that a cursor leads to. `member` holds the items.
pub(crate) fn page(whole: Raw, member: &str, cursor: Option<&Raw>, size: usize) -> Result<Raw, CallError> {
    let cursor = cursor.filter(|cursor| cursor.as_str() != "null");
    // An item is at least two bytes and a comma.
    if cursor.is_none() && whole.as_bytes().len() / 3 <= size {
        return Ok(whole);
    }
    let foreign = || CallError::InvalidParams("this cursor was not given out here".to_owned());
    let list = crc32fast::hash(whole.as_bytes());
    let at = match cursor {
        None => 0,
        Some(cursor) => {
            let cursor = cursor.read::<String>().ok().and_then(|text| Cursor::parse(&text)).ok_or_else(foreign)?;
            if cursor.list != list {
                let text = "this cursor is outdated, as the list has changed: begin again without one".to_owned();
                return Err(CallError::InvalidParams(text));
            }
            cursor.at
        }
    };
    let items = object::member(&whole, member).and_then(|items| object::elements(&items)).unwrap_or_default();
    if at == 0 && items.len() <= size {
        return Ok(whole);
    }
    let shown = items.get(at..items.len().min(at.saturating_add(size))).ok_or_else(foreign)?;
    let page = object::with(&whole, member, &object::array(shown)).unwrap_or_else(|_| whole.clone());
    let next = at.saturating_add(shown.len());
    if next >= items.len() {
        return Ok(page);
    }
    let next = Raw::serialize(&Cursor { at: next, list }.write()).ok();
    Ok(next.and_then(|next| object::with(&page, "nextCursor", &next).ok()).unwrap_or(page))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use orch_mcp::object;
    use orch_mcp::raw::Raw;

    use super::page;

    fn raw(text: &str) -> Raw {
        Raw::parse(Bytes::copy_from_slice(text.as_bytes())).expect(text)
    }

    #[test]
    fn pages_make_up_the_whole_list() {
        let whole = raw(r#"{"tools":[{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"},{"name":"e"}],"x":1}"#);
        let (mut seen, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = page(whole.clone(), "tools", cursor.as_ref(), 2).expect("a page");
            seen.extend(object::elements(&object::member(&page, "tools").expect("tools")).expect("an array"));
            pages += 1;
            cursor = object::member(&page, "nextCursor");
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((pages, seen.len()), (3, 5));
        assert_eq!(object::elements(&object::member(&whole, "tools").expect("tools")), Some(seen));
    }

    #[test]
    fn short_lists_have_one_page() {
        let whole = raw(r#"{"tools":[{"name":"a"},{"name":"b"}]}"#);
        assert_eq!(page(whole.clone(), "tools", None, 2).expect("a page"), whole);
        assert_eq!(page(whole.clone(), "tools", Some(&raw("null")), 2).expect("a page"), whole);
    }

    #[test]
    fn refuses_cursors_of_another_list_and_rubbish() {
        let whole = raw(r#"{"tools":[1,2,3]}"#);
        let first = page(whole.clone(), "tools", None, 1).expect("a page");
        let cursor = object::member(&first, "nextCursor").expect("a cursor");
        let error = page(raw(r#"{"tools":[1,2,4]}"#), "tools", Some(&cursor), 1).expect_err("outdated");
        assert!(error.to_string().contains("outdated"), "{error}");
        for bad in ["\"\"", "\"9\"", "7", "\"99.00000000\"", "{}"] {
            assert!(page(whole.clone(), "tools", Some(&raw(bad)), 1).is_err(), "{bad}");
        }
    }
}
