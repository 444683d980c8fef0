import tseslint from "typescript-eslint";

/** What a folder must not import: dependencies point one way, see CONTRIBUTING.md. */
function knowsNothingOf(files, folders, ...packages) {
  const patterns = [
    {
      regex: `^(\\.\\./)+(${folders.join("|")})(/|$)`,
      message: "dependencies point one way: CONTRIBUTING.md",
    },
    ...packages.map((name) => ({ regex: `^${name}`, message: "CONTRIBUTING.md says why" })),
  ];
  return { files, rules: { "no-restricted-imports": ["error", { patterns }] } };
}

export default tseslint.config(
  { ignores: ["node_modules", ".state", ".lab", "dist"] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
    },
  },
  knowsNothingOf(
    ["toolchain/**"],
    ["lab", "replicator", "components", "config", "scripts", "bench", "test", "plugin"],
  ),
  knowsNothingOf(["lab/**"], ["replicator", "components", "config", "scripts", "bench", "test", "plugin"]),
  knowsNothingOf(
    ["replicator/**"],
    ["toolchain", "lab", "components", "config", "scripts", "bench", "test", "plugin"],
    "@pulumi/",
  ),
  knowsNothingOf(["components/**"], ["config", "scripts", "bench", "test", "plugin"]),
  knowsNothingOf(
    ["components/render/**"],
    ["config", "scripts", "bench", "test", "plugin", "remote", "platforms", "lab"],
    "@pulumi/",
  ),
  knowsNothingOf(["config/**"], ["scripts", "bench", "test", "plugin", "lab", "toolchain", "replicator"]),
  knowsNothingOf(["scripts/**"], ["config", "bench", "test", "plugin"]),
  knowsNothingOf(["preflight/**"], ["lab", "replicator", "bench", "test", "plugin"]),
  knowsNothingOf(["plugin/**"], ["toolchain", "lab", "config", "scripts", "bench", "test"]),
  { files: ["**/*.mjs"], extends: [tseslint.configs.disableTypeChecked] },
);
