// esbuild takes the sheets that a module imports and leaves nothing in the script.
declare module '*.css'
