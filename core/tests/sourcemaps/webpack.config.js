module.exports = {
  mode: "production",
  target: "node",
  entry: "./src/main.ts",
  devtool: "source-map",
  resolve: { extensions: [".ts"] },
  module: { rules: [{ test: /\.ts$/, loader: "esbuild-loader", options: { target: "es2022" } }] },
  output: { path: `${__dirname}/webpack`, filename: "main.js" },
};
