//! Tests of the built-in themes and of how themes are read.

use super::super::table::read;
use super::*;

fn no_files(_: &Path) -> MaybeTable {
    None
}

fn load(name: &str, over: &str) -> Result<Theme, Vec<String>> {
    let over = read(&"c.toml".into(), over).unwrap();
    let themes = Themes { folders: &[], read: &no_files };
    let lines = |errors: Vec<ConfigError>| -> Vec<String> {
        errors.iter().flat_map(ConfigError::lines).map(|line| line.as_str().to_owned()).collect()
    };
    themes.load(name, &Origin::whole("c.toml"), Some(&over)).map_err(lines)
}

/// A meaning with the light of its foreground and of its background.
type Painted = (Meaning, [f64; 3], [f64; 3]);

/// A theme and, for each meaning that it draws in 24-bit colour, its foreground and background.
fn painted() -> Vec<(Theme, Vec<Painted>)> {
    let paint = |theme: &Theme, meaning: Meaning| {
        let style = theme.style(meaning);
        match (style.foreground, style.background) {
            (Some(foreground @ Colour::Rgb(..)), Some(background @ Colour::Rgb(..))) => {
                Some((meaning, light(foreground), light(background)))
            }
            _ => None,
        }
    };
    let theme = |(name, _): &(&str, &str)| {
        let theme = load(name, "").unwrap();
        let painted = Meaning::ALL.iter().filter_map(|meaning| paint(&theme, *meaning)).collect();
        (theme, painted)
    };
    BUILT_IN.iter().map(theme).collect()
}

/// A colour of sRGB as light.
fn light(colour: Colour) -> [f64; 3] {
    let Colour::Rgb(red, green, blue) = colour else { panic!("{colour} is the terminal's own") };
    [red, green, blue].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    })
}

/// WCAG 2.2, relative luminance and contrast ratio.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let luminance = |c: [f64; 3]| 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// How protan, deutan and tritan eyes see light: Machado, Oliveira and Fernandes 2009, severity 1.
const EYES: [[[f64; 3]; 3]; 3] = [
    [
        [0.152_286, 1.052_583, -0.204_868],
        [0.114_503, 0.786_281, 0.099_216],
        [-0.003_882, -0.048_116, 1.051_998],
    ],
    [
        [0.367_322, 0.860_646, -0.227_968],
        [0.280_085, 0.672_501, 0.047_413],
        [-0.011_820, 0.042_940, 0.968_881],
    ],
    [
        [1.255_528, -0.076_749, -0.178_779],
        [-0.078_411, 0.930_809, 0.147_602],
        [0.004_733, 0.691_367, 0.303_900],
    ],
];

/// A light in CIE Lab (1976), white D65.
fn lab(light: [f64; 3]) -> [f64; 3] {
    let xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
    let [x, y, z] = xyz.map(|row| row[0] * light[0] + row[1] * light[1] + row[2] * light[2]);
    let [x, y, z] = [x / 0.950_47, y, z / 1.088_83]
        .map(|t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn distance(one: [f64; 3], other: [f64; 3]) -> f64 {
    lab(one).into_iter().zip(lab(other)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn every_built_in_theme_says_how_each_meaning_is_drawn() {
    for (name, text) in BUILT_IN {
        load(name, "").unwrap();
        let mut keys: Vec<String> = Vec::new();
        let table = read(&(*name).into(), text).unwrap();
        if let Some(parent) = table.get("inherits") {
            let (_, text) = BUILT_IN.iter().find(|(name, _)| Some(*name) == parent.as_text()).unwrap();
            keys.extend(read(&(*name).into(), text).unwrap().entries().map(|entry| entry.key.clone()));
        }
        keys.extend(table.entries().map(|entry| entry.key.clone()));
        for meaning in Meaning::ALL {
            assert!(keys.iter().any(|key| key == meaning.name()), "{name}: {}", meaning.name());
        }
    }
    for meaning in Meaning::ALL {
        assert_eq!(Meaning::named(meaning.name()), Some(*meaning));
        assert!(meaning.help().ends_with('.'));
    }
}

#[test]
fn text_stands_out_from_its_ground() {
    for (theme, painted) in painted() {
        let name = theme.name.as_str().unwrap();
        let least: f64 = if name == "high-contrast" { 7.0 } else { 4.5 };
        for (meaning, foreground, background) in painted {
            // WCAG 1.4.11 asks for 3 to 1 of what is not text.
            let least = if meaning == Meaning::Border { least.min(3.0) } else { least };
            let is = contrast(foreground, background);
            assert!(is >= least, "{name}: {} has {is:.2}", meaning.name());
        }
    }
    assert!((contrast([0.0; 3], [1.0; 3]) - 21.0).abs() < 0.01);
}

#[test]
fn mono_has_no_colour_and_terminal_only_the_sixteen() {
    let colours = |theme: &Theme| -> Vec<Colour> {
        let styles = Meaning::ALL.iter().map(|meaning| theme.style(*meaning));
        styles.flat_map(|style| [style.foreground, style.background]).flatten().collect()
    };
    assert_eq!(colours(&load("mono", "").unwrap()), []);
    let own = colours(&load("terminal", "").unwrap());
    assert!(own.iter().all(|colour| matches!(colour, Colour::Indexed(0..=15))), "{own:?}");
    for name in ["mono", "terminal"] {
        let theme = load(name, "").unwrap();
        let ground = theme.style(Meaning::Text);
        for meaning in
            [Meaning::Selection, Meaning::Critical, Meaning::Production, Meaning::Match, Meaning::Key]
        {
            assert_ne!(theme.style(meaning), ground, "{name}: {}", meaning.name());
        }
    }
}

#[test]
fn no_kind_of_eye_loses_the_difference_of_bad_and_good_in_the_theme_for_them() {
    let painted = painted();
    let (_, styles) = painted.iter().find(|(theme, _)| theme.name.as_str() == Some("colour-blind")).unwrap();
    let of = |meaning| styles.iter().find(|(known, ..)| *known == meaning).unwrap().1;
    let pairs = [
        (Meaning::Critical, Meaning::Ok),
        (Meaning::Critical, Meaning::Warning),
        (Meaning::Warning, Meaning::Ok),
        (Meaning::Running, Meaning::Ok),
        (Meaning::Critical, Meaning::Running),
    ];
    for (a, b) in pairs {
        for (eye, matrix) in EYES.iter().enumerate() {
            let see = |c: [f64; 3]| {
                matrix.map(|row| (row[0] * c[0] + row[1] * c[1] + row[2] * c[2]).clamp(0.0, 1.0))
            };
            let far = distance(see(of(a)), see(of(b)));
            assert!(far >= 20.0, "{} and {} are {far:.1} apart for eye {eye}", a.name(), b.name());
        }
    }
}

#[test]
fn an_override_wins_and_its_mistakes_have_a_place() {
    let theme = load("daylight", "critical = 'bold reverse red'\nwarning = 'default on 17'").unwrap();
    let critical = theme.style(Meaning::Critical);
    assert_eq!(
        (critical.foreground, critical.bold, critical.reverse),
        (Some(Colour::Indexed(1)), true, true)
    );
    assert_eq!(critical.background, theme.style(Meaning::Text).background);
    assert_eq!(theme.style(Meaning::Warning).background, Some(Colour::Indexed(17)));
    let errors = load("daylight", "critcal = 'red'\nok = 'gren'\ninfo = 3").unwrap_err();
    assert_eq!(errors[0], "c.toml:1:1: a theme has no `critcal` (did you mean `critical`?)");
    assert!(
        errors.contains(&"c.toml:3:8: `info`: a style in quotes is needed, such as \"bold red\"".to_owned())
    );
    assert!(
        errors
            .iter()
            .any(|line| line.starts_with("c.toml:2:6: `ok`: `gren` is not a colour (did you mean `green`?)"))
    );
    let errors = load("midnigth", "").unwrap_err();
    assert_eq!(errors[0], "c.toml: theme `midnigth`: no such theme (did you mean `midnight`?)");
}

#[test]
fn a_persons_theme_may_inherit_from_the_built_in_one_of_its_name_and_not_from_itself() {
    let files = |path: &Path| {
        let text = match path.to_str()? {
            "/a/midnight.toml" => "inherits = 'midnight'\nok = '#010203'",
            "/a/one.toml" => "inherits = 'two'",
            "/b/two.toml" => "inherits = 'one'",
            _ => return None,
        };
        Some(read(&path.to_str()?.into(), text))
    };
    let folders = [PathBuf::from("/a"), PathBuf::from("/b")];
    let themes = Themes { folders: &folders, read: &files };
    let theme = themes.load("midnight", &Origin::default(), None).unwrap();
    assert_eq!(theme.style(Meaning::Ok).foreground, Some(Colour::Rgb(1, 2, 3)));
    assert_eq!(theme.style(Meaning::Warning), load("midnight", "").unwrap().style(Meaning::Warning));
    let errors = themes.load("one", &Origin::default(), None).unwrap_err();
    assert_eq!(errors[0].lines()[0].as_str(), "/b/two.toml:1:12: theme `one`: it inherits from itself");
    let errors = themes.load("../../etc/passwd", &Origin::default(), None).unwrap_err();
    assert!(errors[0].what.as_str().contains("no such theme"));
}

#[test]
fn the_theme_fits_the_colours_of_the_terminal() {
    let depth = |pairs: &'static [(&str, &str)]| {
        Depth::of(move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
    };
    assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
    assert_eq!(depth(&[("TERM", "screen-256color")]), Depth::Indexed);
    assert_eq!(depth(&[("TERM", "linux")]), Depth::Sixteen);
    assert_eq!(depth(&[("TERM", "dumb"), ("COLORTERM", "truecolor")]), Depth::None);
    assert_eq!(depth(&[("TERM", "xterm-kitty"), ("NO_COLOR", "1")]), Depth::None);
    assert_eq!(depth(&[("TERM", "xterm-kitty"), ("NO_COLOR", "")]), Depth::True);
    assert_eq!(depth(&[]), Depth::None);

    let midnight = load("midnight", "").unwrap();
    assert_eq!(midnight.clone().at(Depth::True), midnight);
    assert_eq!(midnight.clone().at(Depth::Sixteen), load("terminal", "").unwrap());
    assert_eq!(midnight.clone().at(Depth::None), load("mono", "").unwrap());
    let indexed = midnight.at(Depth::Indexed).style(Meaning::Critical).foreground;
    assert!(matches!(indexed, Some(Colour::Indexed(16..))), "{indexed:?}");
    let terminal = load("terminal", "").unwrap();
    assert_eq!(terminal.clone().at(Depth::Sixteen), terminal);
}
