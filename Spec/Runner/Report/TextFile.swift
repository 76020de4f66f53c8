import Glibc

/// A file or folder that could not be read or made.
struct FileFailure: Error, CustomStringConvertible {
    let call: String
    let path: String
    let errno: Int32

    var description: String { unsafe "\(path): \(String(cString: strerror(errno)))" }
}

/// Files as text.
enum TextFile {
    /// The whole of the file at `path`.
    static func read(_ path: String) throws(FileFailure) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure(call: "open", path: path, errno: errno) }
        defer { close(descriptor) }
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw FileFailure(call: "read", path: path, errno: errno) }
            if count == 0 { return String(decoding: octets, as: UTF8.self) }
            octets += buffer[..<count]
        }
    }
}

extension TextFile {
    /// The paths of the files in `folder` and below that end like this, in order.
    static func paths(in folder: String, endingWith ending: String) throws(FileFailure) -> [String] {
        guard let directory = unsafe opendir(folder) else {
            throw FileFailure(call: "opendir", path: folder, errno: errno)
        }
        defer { unsafe closedir(directory) }
        var paths: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name.utf8.first == UInt8(ascii: ".") { continue }
            let path = "\(folder)/\(name)"
            if unsafe Int32(entry.pointee.d_type) == Int32(DT_DIR) {
                paths += try Self.paths(in: path, endingWith: ending)
            } else if name.hasSuffix(ending) {
                paths.append(path)
            }
        }
        return paths.sorted()
    }
}
