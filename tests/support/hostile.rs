//! Hostile strings for every place where outside text is shown. Built from numbers: no control
//! or invisible character stands in this file.

/// Code points that must never reach a terminal as they are, wherever they stand.
pub(crate) fn forbidden() -> Vec<char> {
    let ranges: &[(u32, u32)] = &[
        (0x00, 0x1f),
        (0x7f, 0x9f),
        // Bidi_Control.
        (0x61c, 0x61c),
        (0x200e, 0x200f),
        (0x202a, 0x202e),
        (0x2066, 0x2069),
        // Separators.
        (0x2028, 0x2029),
        // Invisible.
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200b),
        (0x2060, 0x2065),
        (0x206a, 0x206f),
        (0x3164, 0x3164),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff9, 0xfffb),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0x13430, 0x1343f),
        // Variation selectors but the two of emoji.
        (0xfe00, 0xfe0d),
        (0xe0100, 0xe01ef),
        // Tags.
        (0xe0000, 0xe007f),
        (0xe0ffe, 0xe0fff),
        // Private use: both ends and a well-known prompt glyph of each plane.
        (0xe000, 0xe001),
        (0xe0a0, 0xe0b3),
        (0xf8ff, 0xf8ff),
        (0xf0000, 0xf0001),
        (0xffffd, 0xffffd),
        (0x10_0000, 0x10_0001),
        (0x10_fffd, 0x10_fffd),
        // Noncharacters; the last two of each plane are added below.
        (0xfdd0, 0xfdef),
        // Unassigned in every version so far.
        (0x378, 0x379),
        (0xfff0, 0xfff8),
        (0x2fe0, 0x2fef),
        (0x5_0000, 0x5_0001),
    ];
    let nonchars = (0..=0x10).flat_map(|plane| [plane << 16 | 0xfffe, plane << 16 | 0xffff]);
    let mut all: Vec<char> =
        ranges.iter().flat_map(|(a, b)| *a..=*b).chain(nonchars).filter_map(char::from_u32).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Code points that are only allowed in a fitting place: joiners and emoji selectors.
pub(crate) const CONDITIONAL: [char; 4] = ['\u{200c}', '\u{200d}', '\u{fe0e}', '\u{fe0f}'];

/// Blanks that look like U+0020.
pub(crate) const BLANKS: [char; 17] = [
    '\u{a0}', '\u{1680}', '\u{2000}', '\u{2001}', '\u{2002}', '\u{2003}', '\u{2004}', '\u{2005}', '\u{2006}',
    '\u{2007}', '\u{2008}', '\u{2009}', '\u{200a}', '\u{202f}', '\u{205f}', '\u{3000}', '\u{2800}',
];

/// Introducers of CSI, OSC, DCS, APC, PM and SOS: with ESC, as a bare C1 byte, as a C1 code point.
pub(crate) fn introducers() -> Vec<Vec<u8>> {
    let seven = b"[]P_^X".iter().map(|byte| vec![0x1b, *byte]);
    let c1: [u8; 6] = [0x9b, 0x9d, 0x90, 0x9f, 0x9e, 0x98];
    seven.chain(c1.iter().map(|byte| vec![*byte])).chain(c1.iter().map(|byte| vec![0xc2, *byte])).collect()
}

/// Sequences that terminals obey, each with the harm it does.
pub(crate) fn attacks() -> Vec<Vec<u8>> {
    let base64 = "QUJD".repeat(600);
    let strings: Vec<String> = vec![
        "52;c;ZXZpbA==".into(),
        "52;c;?".into(),
        format!("52;c;{base64}"),
        "0;owned".into(),
        "2;\u{202e}owned".into(),
        "8;;http://evil.example/\u{7}".into(),
        "8;;file:///etc/passwd".into(),
        "11;?".into(),
        "4;1;rgb:00/00/00".into(),
        "10;#000000".into(),
        "104".into(),
        "9;notify".into(),
        "777;notify;a;b".into(),
        "1337;File=inline=1:AAAA".into(),
        "133;A".into(),
        "50;?".into(),
    ];
    let ends: [&[u8]; 5] = [b"\x07", b"\x1b\\", b"\x9c", b"\xc2\x9c", b""];
    let mut all: Vec<Vec<u8>> = Vec::new();
    for string in &strings {
        for introducer in [&b"\x1b]"[..], b"\x9d", b"\xc2\x9d"] {
            for end in ends {
                all.push([b"before ", introducer, string.as_bytes(), end, b" after"].concat());
            }
        }
    }
    for body in
        ["q#0;2;0;0;0~", "$qm", "+q544e", "tmux;\u{1b}\u{1b}]52;c;ZXZpbA==\u{7}", "1$r0m", "Gf=100;AAAA"]
    {
        for introducer in [&b"\x1bP"[..], b"\x1b_", b"\x1b^", b"\x1bX", b"\x90"] {
            for end in ends {
                all.push([introducer, body.as_bytes(), end, b"after"].concat());
            }
        }
    }
    for csi in [
        "2J",
        "3J",
        "H",
        "1;1H",
        "2K",
        "1A",
        "99B",
        "9C",
        "9D",
        "6n",
        "5n",
        "c",
        ">c",
        "=c",
        "?1049h",
        "?1049l",
        "?2004l",
        "?1000h",
        "?1004h",
        "?25l",
        "?6c",
        "!p",
        "1;5r",
        "?5h",
        "20t",
        "21t",
        "14t",
        "4i",
        "5i",
        "S",
        "T",
        "L",
        "M",
        "P",
        "X",
        "@",
        "201~",
        "200~",
        "1;31",
        "38;5",
        "?u",
        ">1u",
        "1 q",
        "\"q",
        "8m",
        "5m",
        "30;40m",
        "38;2;0;0;0;48;2;0;0;0m",
        "0;;;;;;m",
        ">4;2m",
        "?4m",
        "1\u{7}m",
        "1\u{18}m",
        "1\u{1b}[2Jm",
        "999999999999999999999m",
        ":::::::m",
        "38:2:::::m",
    ] {
        for introducer in [&b"\x1b["[..], b"\x9b", b"\xc2\x9b"] {
            all.push([b"before", introducer, csi.as_bytes(), b"after"].concat());
        }
    }
    for esc in
        ["c", "7", "8", "D", "E", "M", "Z", "=", ">", "#8", "(0", "%G", "%@", "N", "O", "n", "|", " F", "\\"]
    {
        all.push([b"before\x1b", esc.as_bytes(), b"after"].concat());
    }
    all
}

/// Floods, broken UTF-8 and deceptions that need no escape sequence.
pub(crate) fn deceptions() -> Vec<Vec<u8>> {
    let repeat = |text: &str, times: usize| text.repeat(times).into_bytes();
    let mut all: Vec<Vec<u8>> = vec![
        [b"a".to_vec(), repeat("\u{301}", 5_000)].concat(),
        [b"a".to_vec(), repeat("\u{488}\u{301}\u{1ab0}", 500)].concat(),
        repeat("\u{301}", 300),
        repeat("a\u{301}\u{302}\u{303}\u{304}\u{305}", 100),
        repeat("\u{200b}", 5_000),
        repeat("\u{200d}", 500),
        repeat("\u{1f468}\u{200d}", 300),
        repeat("\u{1f468}\u{fe0f}", 100),
        repeat("\u{1f468}\u{1f3fd}", 100),
        repeat("1\u{fe0f}\u{20e3}", 50),
        repeat("\u{1f1eb}", 101),
        repeat("\u{1100}", 500),
        repeat("\u{1161}", 500),
        repeat("\u{11a8}", 500),
        [b"x".to_vec(), repeat("\u{ac00}\u{11a8}\u{11a8}", 100)].concat(),
        repeat("\u{915}\u{94d}", 200),
        repeat("\u{915}\u{94d}\u{200d}", 200),
        repeat("\u{d4e}", 50),
        repeat("\u{600}", 50),
        repeat("\u{ff76}\u{ff9e}\u{ff9e}\u{ff9e}\u{ff9e}\u{ff9e}\u{ff9e}", 20),
        repeat("\u{e0041}\u{e0042}", 2_000),
        repeat("\t", 300),
        repeat("\u{3000}\t", 100),
        repeat("\u{1f600}\t\u{fdfd}", 100),
        repeat("\x1b", 3_000),
        repeat("\x1b[", 3_000),
        repeat("\x1b]", 3_000),
        repeat("\x1b]0;a", 3_000),
        repeat("\x1b[31m", 3_000),
        repeat("\x1b[31ma\x1b[32mb", 500),
        repeat("a\0", 3_000),
        repeat("a", 100_000),
        repeat("\u{4e2d}", 20_000),
        b"good\rEVIL".to_vec(),
        b"rm \x08\x08ls".to_vec(),
        b"a\r\nb\rc\n\nd\r".to_vec(),
        b"y\r\x1b[201~\r".to_vec(),
        b"[red]markup[-] {} {0} %s %n $(id) `id` <b>x</b>".to_vec(),
        "\u{202e}gpj.exe".into(),
        "ad\u{200b}min \u{430}dmin a\u{a0}b".into(),
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{627}\u{644}\u{633}".into(),
        "\u{2400}\u{241b}[2J <U+202E> <FF> <TAGx 3> <+2> \\u{E9} ^[".into(),
    ];
    let broken: [&[u8]; 14] = [
        b"\xff",
        b"\xfe",
        b"\x80",
        b"\xbf",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xed\xb0\x80",
        b"\xf0\x80\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
    ];
    for bytes in broken {
        all.push(bytes.to_vec());
        all.push([b"a", bytes, b"b"].concat());
        all.push([bytes, "\u{301}".as_bytes()].concat());
        all.push([b"\x1b]0;", bytes, b"\x07z"].concat());
        all.push([b"\x1b[", bytes, b"1m"].concat());
        all.push(bytes.repeat(500));
    }
    all
}

/// Every hostile string, always the same and in the same order.
pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    let singles = forbidden().into_iter().chain(CONDITIONAL).chain(BLANKS);
    for c in singles {
        all.push(c.to_string().into_bytes());
        all.push(format!("ad{c}min").into_bytes());
        all.push(format!("\u{1f468}{c}\u{1f469} \u{915}\u{94d}{c}\u{937} {c}\u{301}").into_bytes());
    }
    for introducer in introducers() {
        for byte in 0..=u8::MAX {
            all.push([b"a", introducer.as_slice(), &[byte], b"m z"].concat());
        }
    }
    all.extend(attacks());
    all.extend(deceptions());
    all
}
