//! Reads Rust source as tokens, and finds which paths each file names and which file each path means.

use std::collections::{BTreeMap, BTreeSet};

/// One word or sign of a source file; comments and literals are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// A path that a file names, with imports of that file put in: `fs::write` after `use std::fs`
/// is `std::fs::write`; in the crate it starts with `crate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// One source file outside its tests.
#[derive(Debug)]
pub(crate) struct File {
    /// `["store", "atomic"]` for `src/store/atomic.rs`; empty for `src/lib.rs`.
    pub(crate) module: Vec<String>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) names: Vec<Named>,
    /// Names that this file imports, and what they mean.
    imports: BTreeMap<String, Vec<String>>,
    /// Lines that are not inside a `#[cfg(test)]` item.
    pub(crate) lines: usize,
    pub(crate) text: String,
}

/// The files under `src/`, by path from the repository's root.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) files: BTreeMap<String, File>,
}

impl Tree {
    /// Builds the tree from `(path, text)`.
    pub(crate) fn of(sources: &[(String, String)]) -> Self {
        let mut modules = BTreeSet::new();
        let mut test_modules = BTreeSet::new();
        let mut scanned = Vec::new();
        for (path, text) in sources {
            let module = module_of(path);
            let (tokens, test_lines, declared) = without_tests(&tokens(text));
            test_modules.extend(declared.into_iter().map(|name| joined(&module, &name)));
            modules.insert(module.clone());
            scanned.push((path, text, module, tokens, test_lines));
        }
        let in_tests = |module: &[String]| test_modules.iter().any(|t| module.starts_with(t));
        let mut files = BTreeMap::new();
        for (path, text, module, tokens, test_lines) in scanned {
            if in_tests(&module) {
                continue;
            }
            let (names, imports) = named(&tokens, &module, &modules);
            let lines = text.lines().count() - test_lines;
            files.insert(path.clone(), File { module, tokens, names, imports, lines, text: text.clone() });
        }
        Self { files }
    }

    /// The file whose module a crate path means, through re-exports.
    pub(crate) fn file_of(&self, path: &[String]) -> Option<&str> {
        self.follow(path, 8)
    }

    fn follow(&self, path: &[String], hops: usize) -> Option<&str> {
        let inside = path.strip_prefix(["crate".to_owned()].as_slice())?;
        let (name, file) = (1..=inside.len()).rev().find_map(|n| {
            self.files
                .iter()
                .find(|(_, f)| f.module == inside[..n] && f.module != ["main"])
                .map(|(p, f)| ((p, n), f))
        })?;
        let (path_of_file, used) = name;
        if hops > 0
            && let Some(next) = inside.get(used)
            && let Some(meant) = file.imports.get(next)
            && meant.first().is_some_and(|s| s == "crate")
        {
            let mut meant = meant.clone();
            meant.extend_from_slice(&inside[used + 1..]);
            return self.follow(&meant, hops - 1).or(Some(path_of_file));
        }
        Some(path_of_file)
    }
}

fn joined(module: &[String], name: &str) -> Vec<String> {
    let mut module = module.to_vec();
    module.push(name.to_owned());
    module
}

/// `src/a/b.rs` is `["a", "b"]`, `src/lib.rs` is `[]`.
fn module_of(path: &str) -> Vec<String> {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    let inner = inner.strip_suffix(".rs").unwrap_or(inner);
    if inner == "lib" {
        return Vec::new();
    }
    inner.split('/').map(str::to_owned).collect()
}

/// Cuts a source text into tokens. `::` is one token; literals and comments leave nothing.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = Vec::new();
    let (mut i, mut line) = (0, 1);
    while i < chars.len() {
        let start = i;
        let c = at(i);
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            while i < chars.len() {
                match (at(i), at(i + 1)) {
                    ('/', '*') => (depth, i) = (depth + 1, i + 2),
                    ('*', '/') => (depth, i) = (depth - 1, i + 2),
                    _ => i += 1,
                }
                if depth == 0 {
                    break;
                }
            }
        } else if let Some(end) = literal_end(&chars, i) {
            i = end;
        } else if c.is_alphanumeric() || c == '_' {
            while at(i).is_alphanumeric() || at(i) == '_' {
                i += 1;
            }
            out.push(Token { text: chars[start..i].iter().collect(), line });
        } else if c == ':' && at(i + 1) == ':' {
            i += 2;
            out.push(Token { text: "::".to_owned(), line });
        } else {
            i += 1;
            if !c.is_whitespace() {
                out.push(Token { text: c.to_string(), line });
            }
        }
        line += chars[start..i.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    out
}

/// Where the string or character literal that starts at `i` ends, if one does.
fn literal_end(chars: &[char], i: usize) -> Option<usize> {
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut start = i;
    while matches!(at(start), 'b' | 'c' | 'r') && start - i < 2 {
        start += 1;
    }
    let raw = start > i && at(start - 1) == 'r';
    let mut hashes = 0;
    while raw && at(start + hashes) == '#' {
        hashes += 1;
    }
    if at(start + hashes) == '"' {
        let mut end = start + hashes + 1;
        while end < chars.len() {
            if !raw && at(end) == '\\' {
                end += 2;
            } else if at(end) == '"' && (1..=hashes).all(|n| at(end + n) == '#') {
                return Some(end + 1 + hashes);
            } else {
                end += 1;
            }
        }
        return Some(end);
    }
    let i = if at(i) == 'b' { i + 1 } else { i };
    if at(i) != '\'' {
        return None;
    }
    if at(i + 1) == '\\' {
        let mut end = i + 3;
        while end < chars.len() && at(end) != '\'' {
            end += 1;
        }
        return Some(end + 1);
    }
    if at(i + 2) == '\'' {
        return Some(i + 3);
    }
    // A lifetime: its name must not be read as a path.
    let mut end = i + 1;
    while at(end).is_alphanumeric() || at(end) == '_' {
        end += 1;
    }
    Some(end)
}

/// Takes `#[cfg(test)]` items out; gives how many lines they fill and which modules in files of
/// their own they declare.
fn without_tests(tokens: &[Token]) -> (Vec<Token>, usize, Vec<String>) {
    const GATE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let word = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let (mut kept, mut lines, mut modules) = (Vec::new(), 0, Vec::new());
    let mut i = 0;
    while i < tokens.len() {
        if !GATE.iter().enumerate().all(|(n, g)| word(i + n) == *g) {
            kept.push(tokens[i].clone());
            i += 1;
            continue;
        }
        let first = tokens[i].line;
        i += GATE.len();
        let item = i;
        let (mut depth, mut import) = (0_i32, false);
        while i < tokens.len() {
            match word(i) {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                "use" if depth == 0 => import = true,
                _ => {}
            }
            let ends = depth == 0 && (word(i) == ";" || (word(i) == "}" && !import));
            i += 1;
            if ends {
                break;
            }
        }
        lines += tokens[i - 1].line - first + 1;
        if let Some(at) = (item..i).find(|at| word(*at) == "mod")
            && word(at + 2) == ";"
        {
            modules.push(word(at + 1).to_owned());
        }
    }
    (kept, lines, modules)
}

type Imports = BTreeMap<String, Vec<String>>;

/// Every path that a file names: its imports, and inline paths of two or more parts.
fn named(tokens: &[Token], module: &[String], modules: &BTreeSet<Vec<String>>) -> (Vec<Named>, Imports) {
    let (mut raw, mut inline) = (Vec::new(), Vec::new());
    // Inline modules that are open, with the depth at which each closes.
    let mut open: Vec<(String, usize)> = Vec::new();
    let word = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let (mut i, mut depth) = (0, 0_usize);
    while i < tokens.len() {
        let here: Vec<String> = module.iter().cloned().chain(open.iter().map(|(n, _)| n.clone())).collect();
        match word(i) {
            "mod" if word(i + 2) == "{" => open.push((word(i + 1).to_owned(), depth)),
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                open.retain(|(_, closes)| *closes < depth);
            }
            "use" if word(i.wrapping_sub(1)) != "." => {
                let mut end = i + 1;
                tree(tokens, &mut end, &[], &mut |path, alias, line| {
                    raw.push((absolute(path, &here, modules), alias, line));
                });
                i = end;
                continue;
            }
            w if is_name(w) && !matches!(word(i.wrapping_sub(1)), "::" | ".") => {
                let line = tokens[i].line;
                let mut path = vec![w.to_owned()];
                while word(i + 1) == "::" && is_name(word(i + 2)) {
                    path.push(word(i + 2).to_owned());
                    i += 2;
                }
                if path.len() > 1 {
                    inline.push((path, here, line));
                }
            }
            _ => {}
        }
        i += 1;
    }
    let mut imports = Imports::new();
    let mut names = Vec::new();
    for (path, alias, line) in raw {
        imports.insert(alias, path.clone());
        names.push(Named { path, line });
    }
    for (path, here, line) in inline {
        let path = match imports.get(&path[0]) {
            Some(meant) => meant.iter().chain(&path[1..]).cloned().collect(),
            None => absolute(path, &here, modules),
        };
        names.push(Named { path, line });
    }
    (names, imports)
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Walks one `use` tree from `*i` to past its end; calls `found(path, name in this file, line)`.
fn tree(
    tokens: &[Token],
    i: &mut usize,
    prefix: &[String],
    found: &mut impl FnMut(Vec<String>, String, usize),
) {
    let mut path = prefix.to_vec();
    while let Some(token) = tokens.get(*i) {
        let line = token.line;
        match token.text.as_str() {
            "::" => *i += 1,
            "{" => {
                *i += 1;
                while tokens.get(*i).is_some_and(|t| t.text != "}") {
                    if tokens[*i].text == "," {
                        *i += 1;
                    } else {
                        tree(tokens, i, &path, found);
                    }
                }
                *i += 1;
                return;
            }
            "self" if !path.is_empty() => *i += 1,
            "as" => {
                let alias = tokens.get(*i + 1).map_or(String::new(), |t| t.text.clone());
                *i += 2;
                found(path, alias, line);
                return;
            }
            "*" => {
                path.push("*".to_owned());
                *i += 1;
            }
            word if is_name(word) => {
                path.push(word.to_owned());
                *i += 1;
            }
            _ if path.is_empty() => return, // `+ use<'a>` names no path
            _ => {
                let alias = path.last().cloned().unwrap_or_default();
                found(path, alias, line);
                if token.text == ";" {
                    *i += 1;
                }
                return;
            }
        }
    }
}

/// Puts `self`, `super`, a child module's name or the crate's own name into `crate::...` form.
fn absolute(path: Vec<String>, here: &[String], modules: &BTreeSet<Vec<String>>) -> Vec<String> {
    let mut base: Vec<String> = vec!["crate".to_owned()];
    let first = path.first().map_or("", String::as_str);
    if first == "crate" || first == "midwatch" {
        base.extend_from_slice(&path[1..]);
        return base;
    }
    if first == "self" || first == "super" {
        let ups = path.iter().filter(|s| *s == "super").count();
        base.extend_from_slice(&here[..here.len().saturating_sub(ups)]);
        base.extend(path.into_iter().filter(|s| s != "self" && s != "super"));
        return base;
    }
    if modules.contains(&joined(here, first)) {
        base.extend_from_slice(here);
        base.extend(path);
        return base;
    }
    path
}
