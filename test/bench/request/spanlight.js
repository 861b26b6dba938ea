import { tracing } from 'spanlight'
import { serve } from './app.js'

serve({ middleware: tracing({ service: 'bench', access: 'local' }) })
