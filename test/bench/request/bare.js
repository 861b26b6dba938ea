import { serve } from './app.js'

serve({ recorded: () => 0 })
