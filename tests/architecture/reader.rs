//! Reads of a Rust source file what a graph of files needs: the items it defines, what it imports, the paths it names.

use std::collections::BTreeSet;

/// Words after which the name of a new item stands.
const DEFINERS: [&str; 9] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "mod"];

/// One module of a file: the file's own, or one written in braces within it.
#[derive(Debug, Default)]
pub struct Module {
    /// Names from the crate's root to the module.
    pub path: Vec<String>,
    /// Items that others can name, modules apart.
    pub items: BTreeSet<String>,
    /// Child modules, in files of their own or in braces.
    pub children: BTreeSet<String>,
    /// One entry a name that a `use` brings in.
    pub imports: Vec<Import>,
    /// Paths named outside of `use`.
    pub paths: BTreeSet<Vec<String>>,
}

/// One leaf of a `use` tree.
#[derive(Debug, PartialEq, Eq)]
pub struct Import {
    /// The name that it has here; `*` of a glob.
    pub name: String,
    /// The path as it is written.
    pub path: Vec<String>,
    /// Passed on, by `pub use` or `pub(...) use`.
    pub is_exported: bool,
}

/// The modules of a file whose own module has the path `path`, that one last.
pub fn modules(path: &[String], text: &str) -> Vec<Module> {
    let mut found = Vec::new();
    read_module(path.to_vec(), &tokens(text), &mut found);
    found
}

fn read_module(path: Vec<String>, tokens: &[String], found: &mut Vec<Module>) {
    let mut module = Module { path, ..Module::default() };
    let (mut depth, mut at) = (0, 0);
    let token = |index: usize| tokens.get(index).map_or("", String::as_str);
    while at < tokens.len() {
        match token(at) {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            "use" if token(at + 1) != "<" => {
                let end = at + tokens[at..].iter().position(|token| token == ";").expect("a use ends");
                let is_exported = depth == 0 && at > 0 && matches!(token(at - 1), "pub" | ")");
                read_use(&tokens[at + 1..end], &[], is_exported, &mut module.imports);
                at = end;
            }
            "mod" if token(at + 2) == "{" => {
                let end = closing(tokens, at + 2);
                let path = [module.path.as_slice(), &tokens[at + 1..=at + 1]].concat();
                read_module(path, &tokens[at + 3..end], found);
                module.children.insert(token(at + 1).into());
                at = end;
            }
            "mod" if token(at + 2) == ";" => {
                module.children.insert(token(at + 1).into());
                at += 2;
            }
            "macro_rules" => {
                module.items.insert(token(at + 2).into());
                at += 2;
            }
            definer
                if DEFINERS.contains(&definer)
                    && is_name(token(at + 1))
                    && !DEFINERS.contains(&token(at + 1)) =>
            {
                if depth == 0 {
                    module.items.insert(token(at + 1).into());
                }
                at += 1;
            }
            "." | "'" => at += 1,
            name if is_name(name) => {
                let mut path = vec![name.to_owned()];
                while token(at + 1) == "::" && is_name(token(at + 2)) {
                    path.push(token(at + 2).into());
                    at += 2;
                }
                // A lone word in small letters is a variable or a field unless it is called.
                let is_item =
                    name.starts_with(char::is_uppercase) || matches!(token(at + 1), "(" | "!" | "::");
                if path.len() > 1 || is_item {
                    module.paths.insert(path);
                }
            }
            _ => {}
        }
        at += 1;
    }
    found.push(module);
}

/// Adds the leaves of one `use` tree below `prefix`.
fn read_use(tree: &[String], prefix: &[String], is_exported: bool, imports: &mut Vec<Import>) {
    let mut path = prefix.to_vec();
    let mut at = 0;
    while at < tree.len() {
        match tree[at].as_str() {
            "::" => {}
            "{" => {
                let inner = &tree[at + 1..closing(tree, at)];
                for branch in split_at_commas(inner) {
                    read_use(branch, &path, is_exported, imports);
                }
                return;
            }
            "as" => {
                imports.push(Import { name: tree[at + 1].clone(), path, is_exported });
                return;
            }
            "self" if !path.is_empty() => {}
            "*" => {
                imports.push(Import { name: "*".into(), path, is_exported });
                return;
            }
            name => path.push(name.into()),
        }
        at += 1;
    }
    if let Some(name) = path.last().cloned() {
        imports.push(Import { name, path, is_exported });
    }
}

fn split_at_commas(tree: &[String]) -> Vec<&[String]> {
    let (mut depth, mut start, mut branches) = (0, 0, Vec::new());
    for (index, token) in tree.iter().enumerate() {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => {
                branches.push(&tree[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    branches.push(&tree[start..]);
    branches.retain(|branch| !branch.is_empty());
    branches
}

/// Structs of a file, each with the number of its named fields.
pub fn field_counts(text: &str) -> Vec<(String, usize)> {
    let tokens = tokens(text);
    let starts = tokens.iter().enumerate().filter(|(_, token)| *token == "struct");
    let count = |(start, _): (usize, &String)| {
        let is_end = |token: &String| matches!(token.as_str(), "{" | ";" | "(");
        let body = start + tokens[start..].iter().position(is_end)?;
        let mut fields = 0;
        if tokens[body] == "{" {
            let mut depth = 0;
            for token in &tokens[body..closing(&tokens, body)] {
                match token.as_str() {
                    "{" | "(" | "[" => depth += 1,
                    "}" | ")" | "]" => depth -= 1,
                    ":" if depth == 1 => fields += 1,
                    _ => {}
                }
            }
        }
        Some((tokens[start + 1].clone(), fields))
    };
    starts.filter_map(count).collect()
}

/// The index of the brace that closes the one at `open`.
fn closing(tokens: &[String], open: usize) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    panic!("a brace stays open");
}

fn is_name(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// Names, `::` and single signs, without comments; a literal becomes `"`, the tick of a lifetime stays.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest) {
            tokens.push("\"".into());
            length
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let length = end.unwrap_or(rest.len());
            tokens.push(rest[..length].into());
            length
        } else if rest.starts_with("::") || rest.starts_with("..") {
            tokens.push(rest[..2].into());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.into());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the string or character that `text` begins with.
pub fn literal(text: &str) -> Option<usize> {
    let unprefixed = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - unprefixed.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = unprefixed.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let end = format!("\"{}", &raw[..hashes]);
        let body = raw[hashes..].strip_prefix('"')?;
        return Some(prefix + 1 + hashes + 1 + body.find(&end)? + end.len());
    }
    let quote = unprefixed.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let body = &unprefixed[1..];
    if quote == '\'' {
        // A lifetime has no tick after its first letter.
        let mut letters = body.char_indices();
        let (_, letter) = letters.next()?;
        let (second, next) = letters.next()?;
        if letter != '\\' {
            return (next == '\'').then_some(prefix + 1 + second + 1);
        }
    }
    let mut is_escaped = false;
    for (index, letter) in body.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if letter == quote => return Some(prefix + 1 + index + 1),
            _ => {}
        }
    }
    None
}

fn words(text: &str) -> Vec<String> {
    text.split("::").map(str::to_owned).collect()
}

fn import(name: &str, path: &str, is_exported: bool) -> Import {
    Import { name: name.into(), path: words(path), is_exported }
}

#[test]
fn every_form_of_use_is_read() {
    let text = "
        use crate::{a::{self, B as C}, d::e};
        use super::super::F;
        pub(in crate::g) use self::h::*;
        fn f() { use i::J; }";
    let module = modules(&[], text).pop().unwrap();
    assert_eq!(
        module.imports,
        [
            import("a", "crate::a", false),
            import("C", "crate::a::B", false),
            import("e", "crate::d::e", false),
            import("F", "super::super::F", false),
            import("*", "self::h", true),
            import("J", "i::J", false),
        ]
    );
}

#[test]
fn items_children_and_paths_are_read() {
    let text = r####"
        //! crate::comment::X
        mod child;
        pub(super) const fn f<'a>(x: &'a T) -> char { x.method(g(y)); crate::a::b::h::<U>(); 'u' }
        const NAME: &str = "crate::text::Y";
        /* crate::more::Z */
        impl V { fn inner() { vec![super::w()] } }
        static RAW: &str = r#"a "quoted" crate::raw::R"#;
        mod braced { struct Own; fn k() { super::f() } }"####;
    let all = modules(&words("m"), text);
    let [braced, module] = all.as_slice() else { panic!("two modules") };
    assert_eq!(module.items, ["NAME", "RAW", "f"].map(String::from).into());
    assert_eq!(module.children, ["braced", "child"].map(String::from).into());
    let paths: Vec<String> = module.paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["T", "U", "V", "crate::a::b::h", "g", "pub", "super::w", "vec"]);
    assert_eq!(braced.path, ["m", "braced"]);
    assert!(braced.paths.contains(&words("super::f")));
}
