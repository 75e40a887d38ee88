//! Recorded C3D files.

/// Every recorded file, with its path below the folder of C3D files; none where there is no data.
pub(crate) fn all() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = ambulo_testkit::data_dir().map(|data| data.join("c3d")) else {
        return Vec::new();
    };
    let mut open = vec![folder.clone()];
    let mut files = Vec::new();
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            let is_c3d = path
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("c3d"));
            if path.is_dir() {
                open.push(path);
            } else if is_c3d {
                let name = path.strip_prefix(&folder).expect("a file of the folder");
                files.push((
                    name.to_string_lossy().into_owned(),
                    std::fs::read(&path).expect("a readable file"),
                ));
            }
        }
    }
    files.sort();
    files
}

/// The recorded file of that name.
pub(crate) fn one(name: &str) -> Option<Vec<u8>> {
    let files = all();
    let found = files.into_iter().find(|(path, _)| path.ends_with(name));
    found.map(|(_, bytes)| bytes)
}
