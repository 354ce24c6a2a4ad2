//! No files name each other's items in a circle: each can be read knowing only those below it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write,
    fs,
    path::Path,
};

use super::reader::{Module, modules};

/// Files by what they name of others: user, then used, then the names.
type Edges = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Modules of the whole crate by path, each with its file.
struct Crate(BTreeMap<Vec<String>, (String, Module)>);

/// What a path leads to.
enum Target {
    Module(Vec<String>),
    /// An item: its file and its name.
    Item(String, String),
}

impl Crate {
    /// Of files by their path below `src`.
    fn new(files: &BTreeMap<String, String>) -> Self {
        let mut all = BTreeMap::new();
        for (file, text) in files {
            let path = file.trim_end_matches(".rs").split('/').filter(|part| !matches!(*part, "mod" | "lib"));
            let path: Vec<String> = path.map(str::to_owned).collect();
            for module in modules(&path, text) {
                all.insert(module.path.clone(), (file.clone(), module));
            }
        }
        Self(all)
    }

    /// Follows `path`, named in the module `from`, through modules and what they pass on; none of another crate's.
    /// `hops` ends an import that leads to itself.
    fn resolve(&self, from: &[String], path: &[String], is_module: bool, hops: usize) -> Option<Target> {
        let (mut at, mut rest) = match path.first()?.as_str() {
            "crate" => (Vec::new(), &path[1..]),
            "self" => (from.to_vec(), &path[1..]),
            "super" => (from.to_vec(), path),
            name => {
                let (_, module) = self.0.get(from)?;
                let is_own = module.children.contains(name) || module.items.contains(name);
                if !is_own && !module.imports.iter().any(|import| import.name == name) {
                    return None;
                }
                (from.to_vec(), path)
            }
        };
        while let Some((first, others)) = rest.split_first() {
            let (file, module) = self.0.get(&at)?;
            let wants_module = is_module || !others.is_empty();
            let import = module.imports.iter().find(|import| import.name == *first);
            if first == "super" {
                at.pop();
            } else if module.children.contains(first) && (wants_module || !module.items.contains(first)) {
                at.push(first.clone());
            } else if module.items.contains(first) {
                return Some(Target::Item(file.clone(), first.clone()));
            } else if let Some(import) = import {
                match self.resolve(&at, &import.path, wants_module, hops.checked_sub(1)?)? {
                    Target::Module(path) => at = path,
                    item => return Some(item),
                }
            } else {
                // Made by a macro, or passed on by a glob.
                return Some(Target::Item(file.clone(), first.clone()));
            }
            rest = others;
        }
        Some(Target::Module(at))
    }

    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        let mut add = |user: &str, target: Option<Target>| {
            if let Some(Target::Item(used, name)) = target
                && used != user
            {
                edges.entry(user.into()).or_default().entry(used).or_default().insert(name);
            }
        };
        for (at, (file, module)) in &self.0 {
            for import in module.imports.iter().filter(|import| !import.is_exported) {
                let target = self.resolve(at, &import.path, import.name == "*", 9);
                add(
                    file,
                    match target {
                        Some(Target::Module(path)) if import.name == "*" => {
                            self.0.get(&path).map(|(used, _)| Target::Item(used.clone(), "*".into()))
                        }
                        target => target,
                    },
                );
            }
            for path in &module.paths {
                add(file, self.resolve(at, path, false, 9));
            }
        }
        edges
    }
}

/// Files that `start` leads to, each with the one before it on a shortest way; `start` only if a circle leads back.
fn reached<'a>(edges: &'a Edges, start: &'a str) -> BTreeMap<&'a str, &'a str> {
    let (mut before, mut queue) = (BTreeMap::new(), VecDeque::from([start]));
    while let Some(file) = queue.pop_front() {
        for used in edges.get(file).into_iter().flat_map(BTreeMap::keys) {
            if !before.contains_key(used.as_str()) {
                before.insert(used.as_str(), file);
                queue.push_back(used);
            }
        }
    }
    before
}

/// The files that lead to each other, a set for each circle or knot of circles.
fn components(edges: &Edges) -> Vec<BTreeSet<&str>> {
    let reached: BTreeMap<&str, _> = edges.keys().map(|file| (file.as_str(), reached(edges, file))).collect();
    let mut components: Vec<BTreeSet<&str>> = Vec::new();
    for (file, ahead) in &reached {
        if ahead.contains_key(file) && !components.iter().any(|component| component.contains(file)) {
            let leads_back = |other: &&str| reached.get(other).is_some_and(|back| back.contains_key(file));
            components.push(ahead.keys().copied().filter(leads_back).collect());
        }
    }
    components
}

/// A component in words: its files, and the shortest way round from its first.
fn described(edges: &Edges, component: &BTreeSet<&str>) -> String {
    let mut text = format!("\n{} files name each other in a circle:\n", component.len());
    for file in component {
        writeln!(text, "  {file}").expect("a string takes all");
    }
    let start = component.first().expect("a circle has files");
    let before = reached(edges, start);
    let mut way = vec![*start];
    let mut at = before[start];
    while at != *start {
        way.push(at);
        at = before[at];
    }
    way.push(start);
    way.reverse();
    text += "one way round:\n";
    for step in way.windows(2) {
        let names = edges[step[0]][step[1]].iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        writeln!(text, "  {} names {names} of {}", step[0], step[1]).expect("a string takes all");
    }
    text
}

fn files_below(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            files_below(&path, &format!("{name}/"), files);
        } else if name.ends_with(".rs") && name != "main.rs" {
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    let mut files = BTreeMap::new();
    files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    let edges = Crate::new(&files).edges();
    let found: String = components(&edges).iter().map(|component| described(&edges, component)).collect();
    assert!(found.is_empty(), "{found}");
}

/// Edges of made-up files as `user -> used: names`.
fn read(files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter().map(|(file, text)| ((*file).into(), (*text).into())).collect();
    let mut lines = Vec::new();
    for (user, used) in Crate::new(&files).edges() {
        for (used, names) in used {
            lines.push(format!("{user} -> {used}: {}", names.into_iter().collect::<Vec<_>>().join(" ")));
        }
    }
    lines
}

#[test]
fn names_lead_to_the_file_that_defines_them() {
    let hub =
        "mod leaf; mod user; pub use leaf::{Leaf, grow}; pub(super) use leaf::Root as Base; struct Own;";
    let leaf = "pub struct Leaf; pub struct Root; pub fn grow() {}";
    let read_with = |user: &str| {
        read(&[("lib.rs", "mod hub;"), ("hub/mod.rs", hub), ("hub/leaf.rs", leaf), ("hub/user.rs", user)])
    };
    let to_leaf = |name: &str| vec![format!("hub/user.rs -> hub/leaf.rs: {name}")];
    assert_eq!(read_with("use super::Leaf;"), to_leaf("Leaf"));
    assert_eq!(read_with("use crate::hub::{leaf::{self}, Base};"), to_leaf("Root"));
    assert_eq!(read_with("use super::leaf as green; fn f() { green::grow() }"), to_leaf("grow"));
    assert_eq!(read_with("fn f() { super::super::hub::grow() }"), to_leaf("grow"));
    assert_eq!(read_with("use super::leaf::*;"), to_leaf("*"));
    assert_eq!(read_with("mod tests { use super::super::Leaf; }"), to_leaf("Leaf"));
    assert_eq!(
        read_with("use super::{Own, Leaf as L};"),
        ["hub/user.rs -> hub/leaf.rs: Leaf", "hub/user.rs -> hub/mod.rs: Own"]
    );
    assert_eq!(read_with("use std::fmt; fn grow() { let leaf = fmt::x(); grow(leaf.grow()) }"), [""; 0]);
}

#[test]
fn a_module_that_passes_on_what_it_uses_itself_names_it() {
    let child = ("a/child.rs", "pub struct X; pub fn make() {}");
    assert_eq!(read(&[("a/mod.rs", "mod child; pub use child::{X, make};"), child]), [""; 0]);
    let uses = "mod child; pub use child::{X, make}; struct Y(X);";
    assert_eq!(read(&[("a/mod.rs", uses), child]), ["a/mod.rs -> a/child.rs: X"]);
    assert_eq!(
        read(&[("a/mod.rs", "mod child; fn f() { child::make() }"), child]),
        ["a/mod.rs -> a/child.rs: make"]
    );
}

#[test]
fn circles_are_found_and_told() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "pub struct A; fn f() { crate::b::g() }"),
        ("b.rs", "use crate::c::C; pub fn g() {}"),
        ("c.rs", "use crate::a::A; pub struct C;"),
        ("d.rs", "use crate::a::A; pub struct D;"),
    ];
    let files = files.map(|(file, text)| (file.into(), text.into())).into();
    let edges = Crate::new(&files).edges();
    let found = components(&edges);
    assert_eq!(found, [BTreeSet::from(["a.rs", "b.rs", "c.rs"])]);
    let told = described(&edges, &found[0]);
    assert!(told.contains("a.rs names g of b.rs\n  b.rs names C of c.rs\n  c.rs names A of a.rs"), "{told}");
}
