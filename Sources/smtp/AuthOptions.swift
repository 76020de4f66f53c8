import ArgumentParser

/// The options of `smtp serve` that are about AUTH, as they were written.
struct AuthOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Clients must authenticate against this list; lines as `smtp password` makes them.",
            valueName: "file"),
        completion: .file())
    var authFile: String?
    @Flag(help: "Let anybody authenticate, with any password: for tests only.")
    var authAny = false
    @Flag(help: "With --auth-any: refuse whoever does not authenticate.")
    var authRequired = false
    @Flag(help: "With --auth-file: take mail from whoever does not authenticate, too.")
    var authOptional = false
    @Flag(help: "Offer AUTH without TLS: passwords can be read on the way.")
    var authWithoutTls = false
    @Option(
        help: ArgumentHelp(
            "What to offer, by name and with commas between. (default: SCRAM with a list, PLAIN, LOGIN)",
            valueName: "list"))
    var authMechanisms: String?
}
