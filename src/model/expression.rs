//! What of an expression of Prometheus can be read without knowing the language: a comparison with a number at
//! its top, as most alerts have one.
//!
//! Operators and their precedence are those of Prometheus' `docs/querying/operators.md`. Whatever is not
//! plain is left alone: then the expression is drawn as it is.

use crate::model::graph::Finite;

/// A longer expression is not read.
const LONGEST: usize = 8_000;
/// Parentheses in a constant that are followed.
const DEEPEST: usize = 16;

/// How a value is compared with a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `!=`
    Differs,
}

impl Operator {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "==",
            Self::Differs => "!=",
        }
    }

    /// Whether it is so.
    pub fn holds(self, value: Finite, number: Finite) -> bool {
        match self {
            Self::Above => value > number,
            Self::AtLeast => value >= number,
            Self::Below => value < number,
            Self::AtMost => value <= number,
            Self::Equal => value == number,
            Self::Differs => value != number,
        }
    }

    /// The same when the sides change places.
    fn mirrored(self) -> Self {
        match self {
            Self::Above => Self::Below,
            Self::AtLeast => Self::AtMost,
            Self::Below => Self::Above,
            Self::AtMost => Self::AtLeast,
            Self::Equal | Self::Differs => self,
        }
    }
}

/// A comparison with a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Threshold<'a> {
    /// What is compared: an expression of its own.
    pub subject: &'a str,
    /// How.
    pub operator: Operator,
    /// With what.
    pub number: Finite,
}

/// The comparison at the top of an expression, if it is one with a number: `x > 0.05`.
///
/// `None` for `and`, `or` and `unless`, for two comparisons, for `bool` (its values are 0 and 1), and
/// for anything that is not plain.
pub fn threshold(expression: &str) -> Option<Threshold<'_>> {
    if expression.len() > LONGEST {
        return None;
    }
    let text = without_parentheses(expression.trim());
    let top = top(text)?;
    let [(start, end, operator)] = top.as_slice() else { return None };
    let (left, right) = (text.get(..*start)?.trim(), text.get(*end..)?.trim());
    let (subject, operator, number) = match (constant(left), constant(right)) {
        (None, Some(number)) => (left, *operator, number),
        (Some(number), None) if !has_modifier(right) => (right, operator.mirrored(), number),
        _ => return None,
    };
    (!subject.is_empty()).then_some(Threshold { subject, operator, number })
}

/// Whether a right side begins with how vectors are matched.
fn has_modifier(right: &str) -> bool {
    let word = right.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    ["bool", "on", "ignoring", "group_left", "group_right"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

/// Without parentheses around the whole.
fn without_parentheses(mut text: &str) -> &str {
    while let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        // `(a) > (b)` begins and ends with one too.
        if !balanced(inner) {
            break;
        }
        text = inner.trim();
    }
    text
}

/// The comparisons that stand outside all brackets and strings: where, and which. `None` when it cannot
/// be told, or when something that binds less stands there too.
fn top(text: &str) -> Option<Vec<(usize, usize, Operator)>> {
    let mut found = Vec::new();
    for token in Tokens::new(text) {
        match token? {
            Token::Comparison(start, end, operator) => found.push((start, end, operator)),
            Token::Word(word) if ["and", "or", "unless"].iter().any(|set| word.eq_ignore_ascii_case(set)) => {
                return None;
            }
            Token::Word(_) => {}
        }
    }
    Some(found)
}

/// Whether all brackets and strings of a text are closed in it.
fn balanced(text: &str) -> bool {
    Tokens::new(text).all(|token| token.is_some())
}

/// What matters at the top of an expression.
enum Token<'a> {
    Word(&'a str),
    Comparison(usize, usize, Operator),
}

/// Walks over an expression; gives `None` once and ends where it cannot be followed.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    lost: bool,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0, lost: false }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over a string. False if it does not end.
    fn string(&mut self, quote: char) -> bool {
        let mut is_escaped = false;
        for (index, c) in self.rest().char_indices().skip(1) {
            if is_escaped {
                is_escaped = false;
            } else if c == '\\' && quote != '`' {
                is_escaped = true;
            } else if c == quote {
                self.at += index + c.len_utf8();
                return true;
            }
        }
        false
    }

    fn comparison(&mut self) -> Option<Token<'a>> {
        let signs = [
            (">=", Operator::AtLeast),
            ("<=", Operator::AtMost),
            ("==", Operator::Equal),
            ("!=", Operator::Differs),
            (">", Operator::Above),
            ("<", Operator::Below),
        ];
        let (sign, operator) = signs.into_iter().find(|(sign, _)| self.rest().starts_with(sign))?;
        let start = self.at;
        self.at += sign.len();
        Some(Token::Comparison(start, self.at, operator))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Option<Token<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.lost {
            return None;
        }
        loop {
            let Some(c) = self.rest().chars().next() else {
                // A bracket that is open at the end.
                self.lost = self.depth > 0;
                return self.lost.then_some(None);
            };
            let followed = match c {
                '"' | '\'' | '`' => self.string(c),
                '(' | '[' | '{' => {
                    (self.depth, self.at) = (self.depth + 1, self.at + 1);
                    true
                }
                ')' | ']' | '}' if self.depth > 0 => {
                    (self.depth, self.at) = (self.depth - 1, self.at + 1);
                    true
                }
                ')' | ']' | '}' | '#' => false,
                '<' | '>' | '=' | '!' if self.depth == 0 => {
                    let token = self.comparison();
                    self.lost = token.is_none();
                    return Some(token);
                }
                _ if c.is_alphanumeric() || c == '_' || c == ':' => {
                    let rest = self.rest();
                    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
                    let word = rest.split(|c| !is_word(c)).next().unwrap_or(rest);
                    self.at += word.len();
                    if self.depth == 0 {
                        return Some(Some(Token::Word(word)));
                    }
                    true
                }
                _ => {
                    self.at += c.len_utf8();
                    true
                }
            };
            if !followed {
                self.lost = true;
                return Some(None);
            }
        }
    }
}

/// The value of an expression of numbers only, such as `14.4 * (1 - 0.999)`.
fn constant(text: &str) -> Option<Finite> {
    let mut reader = Reader { rest: text, depth: 0 };
    let value = reader.sum()?;
    reader.skip();
    if reader.rest.is_empty() { Finite::new(value) } else { None }
}

/// Reads a constant from its left.
struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Passes over a sign, if it stands here.
    fn takes(&mut self, sign: char) -> bool {
        self.skip();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        loop {
            if self.takes('+') {
                value += self.product()?;
            } else if self.takes('-') {
                value -= self.product()?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.signed()?;
        loop {
            if self.takes('*') {
                value *= self.signed()?;
            } else if self.takes('/') {
                value /= self.signed()?;
            } else if self.takes('%') {
                value %= self.signed()?;
            } else {
                return Some(value);
            }
        }
    }

    fn signed(&mut self) -> Option<f64> {
        let mut is_negative = false;
        loop {
            if self.takes('-') {
                is_negative = !is_negative;
            } else if !self.takes('+') {
                break;
            }
        }
        let value = self.power()?;
        Some(if is_negative { -value } else { value })
    }

    fn power(&mut self) -> Option<f64> {
        let value = self.simple()?;
        // Binds to the right: 2 ^ 3 ^ 2 is 2 ^ 9.
        if !self.takes('^') {
            return Some(value);
        }
        self.depth += 1;
        let exponent = if self.depth > DEEPEST { None } else { self.signed() };
        self.depth -= 1;
        Some(value.powf(exponent?))
    }

    fn simple(&mut self) -> Option<f64> {
        if self.takes('(') {
            self.depth += 1;
            let value = if self.depth > DEEPEST { None } else { self.sum() };
            self.depth -= 1;
            return value.filter(|_| self.takes(')'));
        }
        self.skip();
        let end = end_of_number(self.rest);
        let (number, rest) = self.rest.split_at_checked(end)?;
        // `5m`, `1_000`, `0x1f` and names are for who knows the language.
        if rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '{' | '[')) {
            return None;
        }
        self.rest = rest;
        number.parse().ok()
    }
}

/// Where a decimal number at the beginning ends; 0 if there is none.
fn end_of_number(text: &str) -> usize {
    let mut before = ' ';
    for (index, c) in text.char_indices() {
        let goes_on = c.is_ascii_digit()
            || c == '.'
            || (matches!(c, 'e' | 'E') && (before.is_ascii_digit() || before == '.'))
            || (matches!(c, '+' | '-') && matches!(before, 'e' | 'E'));
        if !goes_on {
            return index;
        }
        before = c;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(expression: &str) -> Option<(&str, &'static str, f64)> {
        threshold(expression).map(|found| (found.subject, found.operator.sign(), found.number.get()))
    }

    #[test]
    fn a_comparison_with_a_number_is_read() {
        assert_eq!(read("checkout_error_ratio > 0.05"), Some(("checkout_error_ratio", ">", 0.05)));
        assert_eq!(read("up == 0"), Some(("up", "==", 0.0)));
        assert_eq!(read("a/b<=1e-3"), Some(("a/b", "<=", 1e-3)));
        assert_eq!(read("(x) != (2)"), Some(("(x)", "!=", 2.0)));
        assert_eq!(read(" ( ( x >= -5 ) ) "), Some(("x", ">=", -5.0)));
        assert_eq!(read("100 < node_load1"), Some(("node_load1", ">", 100.0)));
        let ratio = r#"sum by (job) (rate(http_requests_total{code=~"5..",path!="a > b"}[5m])) / sum by (job) (rate(http_requests_total[5m]))"#;
        assert_eq!(read(&format!("{ratio} > 0.05")), Some((ratio, ">", 0.05)));
    }

    #[test]
    fn a_constant_may_be_reckoned() {
        let number = |text: &str| read(&format!("x > {text}")).map(|(.., number)| number);
        assert_eq!(number("14.4 * 0.001"), Some(14.4 * 0.001));
        assert_eq!(number("(14.4 * (1-0.999))"), Some(14.4 * (1.0 - 0.999)));
        assert_eq!(number("10 * 1024 * 1024"), Some(10_485_760.0));
        assert_eq!(
            [number("-2^2"), number("2^3^2"), number("7 % 4"), number(".5")],
            [-4.0, 512.0, 3.0, 0.5].map(Some)
        );
        for text in
            ["5m", "1_000", "0x1f", "Inf", "NaN", "1/0", "1e999", "2 +", "(2", "2)", "1..2", "y", "1 2"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_alone() {
        for expression in [
            "",
            ">",
            "> 3",
            "x >",
            "x",
            "vector(1)",
            "x > 1 and y > 2",
            "x > 1 AND on() y",
            "x unless y > 2",
            "x > bool 1",
            "1 < bool x",
            "1 < on(job) x",
            "x > y",
            "1 > 2",
            "x > 1 > 2",
            "x > 1 # two comparisons > 2",
            "sum(x > 1)",
            "x{a=\"b > 1",
            "x{a=\"b\\\" > 1",
            "x] > 1",
            "(x > 1",
            "x =~ 1",
            "x = 1",
            "absent(up{job=\"a\"})",
        ] {
            assert_eq!(read(expression), None, "{expression}");
        }
    }

    #[test]
    fn the_sides_of_a_comparison() {
        let of = |number: f64| Finite::new(number).unwrap();
        for (operator, below, same, above) in [
            (Operator::Above, false, false, true),
            (Operator::AtLeast, false, true, true),
            (Operator::Below, true, false, false),
            (Operator::AtMost, true, true, false),
            (Operator::Equal, false, true, false),
            (Operator::Differs, true, false, true),
        ] {
            let held = [1.0, 2.0, 3.0].map(|value| operator.holds(of(value), of(2.0)));
            assert_eq!(held, [below, same, above], "{}", operator.sign());
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_without_a_panic(text in r#"[ x0-9.e()\[\]{}"'`#<>=!+*/^%a-z:é-]{0,60}"#) {
            if let Some(found) = threshold(&text) {
                prop_assert!(text.contains(found.subject) && !found.subject.is_empty());
                prop_assert!(balanced(found.subject), "{}", found.subject);
            }
        }
    }

    #[test]
    fn a_deep_or_long_text_ends_soon() {
        for many in [2_000, 500_000] {
            assert_eq!(read(&format!("x > {}1{}", "(".repeat(many), ")".repeat(many))), None);
            assert_eq!(read(&format!("x > {}1", "2^".repeat(many))), None);
        }
        let nested = format!("{}x > 1{}", "(".repeat(2_000), ")".repeat(2_000));
        assert_eq!(read(&nested), Some(("x", ">", 1.0)));
        assert_eq!(read(&format!("x > {}1", "-".repeat(2_001))).map(|(.., number)| number), Some(-1.0));
    }
}
